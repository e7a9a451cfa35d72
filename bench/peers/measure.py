"""Does the benchmark's work with the application in shop.py, and prints what each
cost as a line of JSON:

    python measure.py URL FOLDER SECONDS TURNS WORK…

The database is one that rows.py has filled from FOLDER. Each work is a session
and a commit, as a request has them. Times are nanoseconds; cpu is that of this
process, interpreter included.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import resource
import sys
import time
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

from advanced_alchemy.filters import LimitOffset, OrderBy
from rows import outside
from shop import AuthorService, Product, ProductService, Tag, TagService, engine_of
from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import async_sessionmaker

NEWCOMER = UUID("ffffffff-0000-4000-8000-000000000000")
DEAREST = Decimal("500.00")
PAGE, SHOWN = 50, 20
NEWEST = (OrderBy("created_at", "desc"), OrderBy("id", "desc"))


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Peer:
    def __init__(self, url: str, folder: Path) -> None:
        self.engine = engine_of(url)
        self.sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self.ids = [UUID(row["id"]) for row in json.loads((folder / "products.json").read_text())]
        self.run = itertools.count(1)

    def product(self, i: int) -> dict:
        return {
            "owner_id": NEWCOMER, "name": f"Product {i}, brass", "price": Decimal(i % 100_000 + 1) / 100,
            "description": f"A walnut one of its kind, number {i} of the oak.", "is_active": True,
        }

    def tags(self, n: int, half: bool) -> list[dict]:
        run = next(self.run)
        return [
            {
                "name": f"known {i // 2:05d}" if half and i % 2 == 0 else f"new {run:05d} {i:05d}",
                "note": f"changed by run {run}" if i % 3 else None, "uses": run * n + i + 1,
            }
            for i in range(n)
        ]

    async def tidy(self) -> None:
        async with self.engine.begin() as c:
            await c.execute(delete(Product).where(Product.owner_id == NEWCOMER))
            await c.execute(delete(Tag).where(Tag.name.startswith("new ")))
        if self.engine.dialect.name == "sqlite":
            await outside(self.engine, "PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            await outside(self.engine, "VACUUM products", "VACUUM tags")

    # What follows makes the inputs of n runs, and the function that does one.

    def get(self, n: int):
        ids = [self.ids[i * 7919 % len(self.ids)] for i in range(n)]

        async def one(i: int) -> None:
            async with self.sessions() as s:
                await ProductService(session=s).get(ids[i])

        return one

    def update(self, n: int):
        ids = [self.ids[i * 7919 % len(self.ids)] for i in range(n)]
        run = next(self.run)

        async def one(i: int) -> None:
            async with self.sessions() as s:
                await ProductService(session=s).update(
                    {"name": f"renamed {run} {i}", "price": Decimal(100 + i) / 100}, item_id=ids[i], auto_commit=True
                )

        return one

    def insert(self, n: int):
        rows = [self.product(i) for i in range(n)]

        async def one(i: int) -> None:
            async with self.sessions() as s:
                await ProductService(session=s).create(rows[i], auto_commit=True)

        return one

    async def delete(self, n: int):
        rows = [{**self.product(i), "id": uuid4()} for i in range(n)]
        async with self.engine.begin() as c:
            await c.execute(insert(Product), rows)

        async def one(i: int) -> None:
            async with self.sessions() as s:
                await ProductService(session=s).delete(rows[i]["id"], auto_commit=True)

        return one

    def list(self, _: int):
        async def one(_: int) -> None:
            async with self.sessions() as s:
                found, _total = await ProductService(session=s).list_and_count(
                    Product.is_active.is_(True), Product.price < DEAREST, LimitOffset(PAGE, 0), *NEWEST
                )
                assert len(found) == PAGE

        return one

    def page(self, _: int):
        async def one(_: int) -> None:
            async with self.sessions() as s:
                found = await ProductService(session=s).list(
                    Product.is_active.is_(True), Product.price < DEAREST, LimitOffset(PAGE, 0), *NEWEST
                )
                assert len(found) == PAGE

        return one

    def related(self, _: int):
        async def one(i: int) -> None:
            async with self.sessions() as s:
                found = await AuthorService(session=s).list(
                    LimitOffset(SHOWN, i * SHOWN % 1000), OrderBy("name"), OrderBy("id")
                )
                assert len(found) == SHOWN and all(len(a.books) == 10 for a in found)

        return one

    def exists(self, _: int):
        async def one(_: int) -> None:
            async with self.sessions() as s:
                assert await ProductService(session=s).exists(Product.is_active.is_(True), Product.price < DEAREST)

        return one

    def bulk(self, n: int):
        rows = [[self.product(i) for i in range(10_000)] for _ in range(n)]

        async def one(i: int) -> None:
            async with self.sessions() as s:
                await ProductService(session=s).create_many(rows[i], auto_commit=True)

        return one

    def upsert(self, work: str, n: int):
        half = work != "upsert-plain"
        size = int(work.removeprefix("upsert-")) if half else 4000
        rows = [self.tags(size, half) for _ in range(n)]

        async def one(i: int) -> None:
            async with self.sessions() as s:
                service = TagService(session=s)
                if half:
                    await service.upsert_many(rows[i], match_fields=["name"], auto_commit=True)
                else:
                    await service.create_many(rows[i], auto_commit=True)

        return one

    async def make(self, work: str, n: int):
        if work.startswith("upsert-"):
            return self.upsert(work, n)
        made = getattr(self, work)(n)
        return await made if asyncio.iscoroutine(made) else made

    async def turn(self, work: str, n: int) -> dict:
        one = await self.make(work, n)
        gc.collect()
        used, start = cpu(), time.perf_counter()
        for i in range(n):
            await one(i)
        wall, used = time.perf_counter() - start, cpu() - used
        await self.tidy()
        return {"wall": wall / n * 1e9, "cpu": used / n * 1e9}


async def measure(peer: Peer, work: str, slot: float, turns: int) -> list[dict]:
    first = await peer.turn(work, 1)  # compiles the statements
    if first["wall"] < slot * 1e9:
        first = await peer.turn(work, 3)
    n = max(1, min(5000, int(slot * 1e9 / first["wall"])))
    return [await peer.turn(work, n) for _ in range(turns)]


async def main(url: str, folder: str, slot: float, turns: int, works: list[str]) -> None:
    peer = Peer(url, Path(folder))
    for work in works:
        try:
            print(json.dumps({"work": work, "turns": await measure(peer, work, slot, turns)}), flush=True)
        except Exception as e:  # costs no other work
            print(json.dumps({"work": work, "error": repr(e)}), flush=True)
    await peer.engine.dispose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), sys.argv[5:]))
