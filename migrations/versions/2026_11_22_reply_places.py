"""Where on its platform a reply is shown, so that it is found there whatever the settings say later.

Of replies that were begun before this nobody knows: they stand where the settings want them.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_22_reply_places"
down_revision = "2026_11_22_kept_from"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("shown_in", sa.Text()))


def downgrade() -> None:
    op.drop_column("outbox", "shown_in")
