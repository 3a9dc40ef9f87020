"""The evaluation of all accounts, without the service around it."""

from creditrisk.adapters.own_rule_kinds import installed_kinds
from creditrisk.adapters.postgres.configuration import PostgresConfigurationReader
from creditrisk.adapters.postgres.engine import ConnectionLimits, Database, open_database
from creditrisk.adapters.postgres.portfolio import PostgresPortfolio
from creditrisk.adapters.postgres.read_pool import ReadPool
from creditrisk.application.configuration import Configurations
from creditrisk.application.portfolio import Portfolio
from creditrisk.presets.loader import load_presets


def build_portfolio(url: str, *, limits: ConnectionLimits) -> tuple[Database, Portfolio]:
    """The evaluation of all accounts, which reads through connections of the database it is given with."""
    database = open_database(url, limits=limits)
    reads = ReadPool(url, limits=limits, database=database)
    configurations = Configurations(PostgresConfigurationReader(reads), load_presets(), installed_kinds())
    return database, Portfolio(reader=PostgresPortfolio(reads), configurations=configurations)
