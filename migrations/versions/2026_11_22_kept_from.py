"""From when on each person's words are kept: what they said before, and comes late, is not.

Who opted in again or was forgotten before this has no such time: it was not noted.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_22_kept_from"
down_revision = "2026_11_21_slack"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("speakers", sa.Column("kept_from", sa.DateTime(timezone=True)))
    # Until now Earshot itself chose that mode in each direct chat on Slack; now it holds there.
    op.execute(
        "UPDATE channels SET mode = NULL"
        " WHERE platform = 'slack' AND mode = 'mention' AND channel LIKE 'D%'"
    )


def downgrade() -> None:
    op.drop_column("speakers", "kept_from")
