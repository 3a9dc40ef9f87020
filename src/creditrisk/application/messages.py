"""What a finding says to people. Texts are for display and may change; codes and figures do not."""

from collections.abc import Mapping

from creditrisk.domain.findings import Code, Finding

TEXTS: Mapping[Code, str] = {
    Code.CUSTOMER_UNKNOWN: "The customer {customer} is not known.",
    Code.POLICY_MISSING: "No policy has been set for the company {company}.",
    Code.RATE_MISSING: "No exchange rate is stored for {pairs}; those amounts are not in the sums.",
    Code.DATA_STALE: "The data of {feeds} is older than {threshold} seconds.",
    Code.MANUAL_BLOCK: "{kinds} of {customers} blocked by a person. {notes}",
    Code.ACCOUNT_STATUS: "The status of customer {customer} does not allow this step.",
    Code.DOCUMENTS_BLOCKED: "Documents of kind {kind} are blocked for this account.",
    Code.CASH_ONLY: "This account is invoiced against cash only.",
    Code.ALWAYS_AUTHORISE: "Documents of kind {kind} of this account always need an authorisation.",
    Code.FORCED_HOLD: "A person has put this document on hold.",
    Code.DAYS_OVERDUE: "The oldest open item is {observed} days past due; {threshold} are accepted.",
    Code.OVERDUE_AMOUNT: "{observed} {unit} are overdue; {threshold} {unit} are accepted.",
    Code.GROUP_LIMIT_EXCEEDED: "The group's {observed} {unit} would exceed its limit of {threshold} {unit}.",
    Code.LIMIT_EXCEEDED: "Exposure of {observed} {unit} would exceed the limit of {threshold} {unit}.",
    Code.CATEGORY_LIMIT_EXCEEDED: "{category} of {observed} {unit} would exceed the cap of {threshold}.",
    Code.LIMIT_USED: "Exposure of {observed} {unit} uses more of the limit than the rule accepts.",
    Code.LIMIT_EXPIRED: "The credit limit has expired.",
    Code.LIMIT_MISSING: "No credit limit has been set for this account.",
    Code.DOCUMENT_AMOUNT: "The document's amount of {observed} {unit} is above {threshold} {unit}.",
    Code.PAYMENT_TERMS: "The document's payment terms are held.",
    Code.PAYMENT_TERMS_RANK: "Payment terms {document} are more generous than the customer's {customer}.",
    Code.CASH_DISCOUNT_RANK: "Cash discount {document} is more generous than the customer's {customer}.",
    Code.CUSTOMER_WARNING: "{text}",
    Code.UTILISATION_HIGH: "Exposure of {observed} {unit} would use more than {percent} % of the limit.",
}


def message(finding: Finding, *, observed: str | int | None, threshold: str | int | None) -> str:
    """The finding in a sentence, in English."""
    values: dict[str, object] = {
        name: ", ".join(map(str, value)) if isinstance(value, list) else value
        for name, value in finding.params.items()
    }
    values |= {"observed": observed, "threshold": threshold, "unit": finding.unit}
    return TEXTS[finding.code].format_map(values).strip()
