class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot do what was asked; the message is for whoever starts the service."""
