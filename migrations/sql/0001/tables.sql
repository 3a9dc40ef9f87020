-- Every key begins with the tenant. Identifiers compare byte by byte (collation "C"). In reference data the company
-- '' means every company of the tenant.

create table tenant (
    tenant text collate "C" not null,
    config_version bigint not null default 1,
    created_at timestamptz not null default now(),
    constraint pk_tenant primary key (tenant)
);

create table company (
    tenant text collate "C" not null,
    company text collate "C" not null,
    policy jsonb,
    policy_version integer not null default 0,
    grouping text collate "C" not null default 'own',
    time_zone text not null default 'UTC',
    currency text collate "C",
    updated_at timestamptz not null default now(),
    updated_by text collate "C",
    constraint pk_company primary key (tenant, company),
    constraint fk_company_tenant foreign key (tenant) references tenant (tenant)
);

create table api_key (
    tenant text collate "C" not null,
    id text collate "C" not null,
    hash bytea not null,
    name text not null,
    scopes text[] not null,
    companies text[],
    expires_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz not null default now(),
    created_by text collate "C",
    constraint pk_api_key primary key (tenant, id),
    constraint uq_api_key_hash unique (hash), -- found before the tenant is known
    constraint fk_api_key_tenant foreign key (tenant) references tenant (tenant)
);

create table customer (
    tenant text collate "C" not null,
    customer text collate "C" not null,
    content jsonb not null default '{}',
    risk_customer text collate "C" generated always as (content ->> 'risk_customer') stored,
    head_account text collate "C" generated always as (content ->> 'head_account') stored,
    credit_group text collate "C" generated always as (content ->> 'credit_group') stored,
    registration_number text collate "C" generated always as (content ->> 'registration_number') stored,
    relations jsonb generated always as (content -> 'relations') stored,
    account_status text collate "C" generated always as (content ->> 'account_status') stored,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    updated_by text collate "C",
    constraint pk_customer primary key (tenant, customer)
);

create index ix_customer_risk_customer on customer (tenant, risk_customer) where risk_customer is not null;

create index ix_customer_head_account on customer (tenant, head_account) where head_account is not null;

create index ix_customer_credit_group on customer (tenant, credit_group) where credit_group is not null;

create index ix_customer_registration_number on customer (tenant, registration_number)
    where registration_number is not null;

create index ix_customer_relations on customer using gin (relations jsonb_path_ops) where relations is not null;

create table credit_account (
    tenant text collate "C" not null,
    company text collate "C" not null,
    customer text collate "C" not null,
    content jsonb not null default '{}',
    version bigint not null default 1,
    updated_at timestamptz not null default now(),
    updated_by text collate "C",
    constraint pk_credit_account primary key (tenant, company, customer)
);

create table temporary_limit (
    tenant text collate "C" not null,
    company text collate "C" not null,
    owner_kind text collate "C" not null,
    owner text collate "C" not null,
    no integer not null,
    content jsonb not null,
    created_at timestamptz not null default now(),
    created_by text collate "C",
    constraint pk_temporary_limit primary key (tenant, company, owner_kind, owner, no),
    constraint ck_temporary_limit_owner_kind check (owner_kind in ('customer', 'credit_group'))
);

create table cover (
    tenant text collate "C" not null,
    company text collate "C" not null,
    customer text collate "C" not null,
    no integer not null,
    content jsonb not null,
    created_at timestamptz not null default now(),
    created_by text collate "C",
    constraint pk_cover primary key (tenant, company, customer, no)
);

create table manual_block (
    tenant text collate "C" not null,
    company text collate "C" not null,
    customer text collate "C" not null,
    no integer not null,
    content jsonb not null,
    created_at timestamptz not null default now(),
    created_by text collate "C",
    lifted_at timestamptz,
    lifted_by text collate "C",
    constraint pk_manual_block primary key (tenant, company, customer, no)
);

create table reference (
    tenant text collate "C" not null,
    company text collate "C" not null default '',
    kind text collate "C" not null,
    code text collate "C" not null,
    content jsonb not null default '{}',
    updated_at timestamptz not null default now(),
    updated_by text collate "C",
    constraint pk_reference primary key (tenant, company, kind, code),
    constraint ck_reference_kind check (kind in (
        'document_type', 'payment_terms', 'cash_discount', 'credit_group', 'management_group', 'account_status',
        'reason', 'operator'))
);

create table rate (
    tenant text collate "C" not null,
    company text collate "C" not null default '',
    type text collate "C" not null default 'default',
    source_currency text collate "C" not null,
    target_currency text collate "C" not null,
    valid_from date not null,
    rate numeric not null,
    constraint pk_rate primary key (tenant, company, type, source_currency, target_currency, valid_from),
    constraint ck_rate_positive check (rate > 0 and rate < 'Infinity') -- not a number sorts above infinity
);

create table paper (
    tenant text collate "C" not null,
    company text collate "C" not null,
    kind text collate "C" not null,
    number text collate "C" not null,
    customer text collate "C",
    present boolean not null default false, -- false: only named by another paper, or deleted (a tombstone)
    version bigint,
    source text collate "C",
    content jsonb,
    links jsonb, -- what it takes from other papers: links_of()
    taken jsonb not null default '{}', -- what others take of it: {currency: amount}
    posted_by integer not null default 0, -- how many open items name this invoice
    stated_at timestamptz, -- its last accepted statement
    linked_at timestamptz, -- the last change of its links
    line paper_line generated always as (line_of(kind, customer, present, content, taken, posted_by)) stored,
    -- Written and read back by the statement that writes the row, see apply_papers_1().
    outcome text collate "C" not null,
    previous_line paper_line,
    previous_links jsonb,
    constraint pk_paper primary key (tenant, company, kind, number),
    constraint ck_paper_kind check (kind in (
        'quotation', 'order', 'delivery', 'invoice', 'open_item', 'bill', 'advance', 'balance', 'payment', 'other')),
    constraint ck_paper_content check (present = (content is not null) and (customer is not null or not present)),
    -- not a number sorts above infinity
    constraint ck_paper_line check ((line).category is null or (
        (line).currency is not null
        and (line).open_amount > '-Infinity' and (line).open_amount < 'Infinity' and (line).open_amount is not null
        and (line).total_amount > '-Infinity' and (line).total_amount < 'Infinity'))
) with (fillfactor = 85); -- room for updates that move no index entry

create index ix_paper_open on paper (
    tenant, company, ((line).customer), ((line).due_on), number) where (line).category is not null;

create index ix_paper_posted_invoice on paper (tenant, company, (content #>> '{document,number}'))
    where kind = 'open_item' and content ? 'document';

create table exposure_bucket (
    tenant text collate "C" not null,
    company text collate "C" not null,
    customer text collate "C" not null,
    billed boolean not null,
    category text collate "C" not null,
    type text collate "C" not null,
    status text collate "C" not null,
    flags text collate "C" not null,
    currency text collate "C" not null,
    due_on date not null,
    since date not null,
    credit boolean not null,
    papers bigint not null,
    open_amount numeric not null,
    total_amount numeric not null,
    constraint pk_exposure_bucket primary key (
        tenant, company, customer, billed, category, type, status, flags, currency, due_on, since, credit)
) with (fillfactor = 85);

create table exposure_state (
    tenant text collate "C" not null,
    company text collate "C" not null,
    customer text collate "C" not null,
    version bigint not null,
    constraint pk_exposure_state primary key (tenant, company, customer)
) with (fillfactor = 85);

create table feed (
    tenant text collate "C" not null,
    company text collate "C" not null,
    source text collate "C" not null,
    as_of timestamptz not null,
    constraint pk_feed primary key (tenant, company, source)
) with (fillfactor = 50);

create table hold (
    tenant text collate "C" not null,
    id uuid not null,
    company text collate "C" not null,
    kind text collate "C" not null,
    number text collate "C" not null,
    customer text collate "C" not null,
    type text collate "C" not null,
    status text collate "C" not null default 'open',
    checkpoint text collate "C",
    findings jsonb not null default '[]',
    total numeric,
    currency text collate "C",
    owner text collate "C",
    opened_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    closed_at timestamptz,
    closed_by text collate "C",
    reason text,
    review_on date,
    authorised_amount numeric,
    valid_until date,
    released_on date,
    with_posting boolean not null default false,
    ready_to_release boolean not null default false,
    authorisation_used boolean not null default false,
    request jsonb,
    constraint pk_hold primary key (tenant, id),
    constraint ck_hold_type check (type in ('rule', 'forced')),
    constraint ck_hold_status check (status in ('open', 'released', 'rejected', 'cleared')),
    constraint ck_hold_kind check (kind in ('quotation', 'order', 'delivery', 'invoice')),
    constraint ck_hold_amounts check (
        (total is null or (total > '-Infinity' and total < 'Infinity'))
        and (authorised_amount is null or (authorised_amount > '-Infinity' and authorised_amount < 'Infinity')))
);

create unique index uq_hold_open on hold (tenant, company, kind, number, type) where status = 'open';

create index ix_hold_document on hold (tenant, company, kind, number);

create index ix_hold_customer_open on hold (tenant, customer) where status = 'open';

create table decision (
    tenant text collate "C" not null,
    id uuid not null,
    company text collate "C" not null,
    customer text collate "C" not null,
    decision text collate "C" not null,
    signal text collate "C" not null,
    decided_at timestamptz not null,
    kind text collate "C",
    number text collate "C",
    operator text collate "C",
    content jsonb not null,
    constraint pk_decision primary key (tenant, id),
    constraint ck_decision_decision check (decision in ('allow', 'warn', 'block')),
    constraint ck_decision_signal check (signal in ('green', 'yellow', 'red', 'off'))
) partition by range (id);

create index ix_decision_customer on decision (tenant, customer, id);

create index ix_decision_document on decision (tenant, company, kind, number, id) where number is not null;

create table decision_default partition of decision default;

create table import_job (
    tenant text collate "C" not null,
    id uuid not null,
    company text collate "C",
    kind text collate "C" not null,
    status text collate "C" not null default 'running',
    accepted bigint not null default 0,
    unchanged bigint not null default 0,
    stale bigint not null default 0,
    rejected bigint not null default 0,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    created_by text collate "C",
    constraint pk_import_job primary key (tenant, id),
    constraint ck_import_job_status check (status in ('running', 'done', 'failed'))
);

create table import_error (
    tenant text collate "C" not null,
    import_id uuid not null,
    line bigint not null,
    pointer text not null,
    code text collate "C" not null,
    detail text not null,
    constraint pk_import_error primary key (tenant, import_id, line, pointer, code),
    constraint fk_import_error_import_job foreign key (tenant, import_id) references import_job (tenant, id)
        on delete cascade
);
