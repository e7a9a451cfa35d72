"""Makes the tables of shop.py and fills them with the rows that everybody works
on, which are in a folder as products.json, authors.json, books.json and
tags.json. Then runs statements, and has the database look at its tables:

    python rows.py URL FOLDER [STATEMENT…]
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from shop import Author, Book, Product, Tag, engine_of
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine


def moment(micros: int) -> datetime:
    return datetime.fromtimestamp(micros / 1e6, timezone.utc)


READ = {
    "id": UUID, "owner_id": UUID, "author_id": UUID,
    "created_at": moment, "updated_at": moment, "price": Decimal,
}


async def outside(engine: AsyncEngine, *statements: str) -> None:
    """Runs statements that no transaction takes."""
    async with engine.connect() as c:
        c = await c.execution_options(isolation_level="AUTOCOMMIT")
        for statement in statements:
            await c.execute(text(statement))


async def fill(engine: AsyncEngine, folder: Path, statements: list[str]) -> None:
    async with engine.begin() as c:
        await c.run_sync(Product.metadata.create_all)
        for model, name in ((Product, "products"), (Author, "authors"), (Book, "books"), (Tag, "tags")):
            rows = json.loads((folder / f"{name}.json").read_text())
            for row in rows:
                for key in READ.keys() & row.keys():
                    row[key] = READ[key](row[key])
            for at in range(0, len(rows), 5000):
                await c.execute(insert(model), rows[at : at + 5000])
        await c.execute(text("CREATE INDEX products_created_at ON products (created_at)"))
        for statement in statements:
            await c.execute(text(statement))
    # As the database of the others: see analyzeSQLite and openPostgres.
    if engine.dialect.name == "sqlite":
        await outside(engine, "PRAGMA analysis_limit = 1000", "ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)")
    else:
        await outside(
            engine, "ALTER TABLE products SET (autovacuum_enabled = false)",
            "ALTER TABLE tags SET (autovacuum_enabled = false)", "VACUUM ANALYZE",
        )


async def main(url: str, folder: str, *statements: str) -> None:
    engine = engine_of(url)
    await fill(engine, Path(folder), list(statements))
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
