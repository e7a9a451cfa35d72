"""The application that is compared: models, repositories and a service as the
documentation of Advanced Alchemy has them, and controllers of Litestar."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Optional
from uuid import UUID

from advanced_alchemy.base import UUIDAuditBase, UUIDBase
from advanced_alchemy.filters import LimitOffset, OrderBy
from advanced_alchemy.repository import SQLAlchemyAsyncRepository
from advanced_alchemy.service import SQLAlchemyAsyncRepositoryService
from litestar import Controller, Litestar, get
from litestar.params import Parameter
from msgspec import Struct
from sqlalchemy import ForeignKey, Numeric, String, event
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Mapped, mapped_column, relationship


class Product(UUIDAuditBase):
    __tablename__ = "products"
    owner_id: Mapped[UUID] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[Optional[str]]
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    is_active: Mapped[bool] = mapped_column(default=True)


class Author(UUIDBase):
    __tablename__ = "authors"
    name: Mapped[str] = mapped_column(String(255), index=True)
    books: Mapped[list[Book]] = relationship(back_populates="author", lazy="selectin")


class Book(UUIDBase):
    __tablename__ = "books"
    author_id: Mapped[UUID] = mapped_column(ForeignKey("authors.id"), index=True)
    title: Mapped[str] = mapped_column(String(255))
    note: Mapped[Optional[str]]
    pages: Mapped[int]
    author: Mapped[Author] = relationship(back_populates="books", lazy="noload")


class Tag(UUIDAuditBase):
    __tablename__ = "tags"
    name: Mapped[str] = mapped_column(String(255), unique=True)
    note: Mapped[Optional[str]]
    uses: Mapped[int]


class ProductRepository(SQLAlchemyAsyncRepository[Product]):
    model_type = Product


class AuthorRepository(SQLAlchemyAsyncRepository[Author]):
    model_type = Author


class TagRepository(SQLAlchemyAsyncRepository[Tag]):
    model_type = Tag


class ProductService(SQLAlchemyAsyncRepositoryService[Product, ProductRepository]):
    repository_type = ProductRepository


class AuthorService(SQLAlchemyAsyncRepositoryService[Author, AuthorRepository]):
    repository_type = AuthorRepository


class TagService(SQLAlchemyAsyncRepositoryService[Tag, TagRepository]):
    repository_type = TagRepository
    match_fields = ["name"]


def engine_of(url: str) -> AsyncEngine:
    """Opens a database set up as that of the other contestants."""
    engine = create_async_engine(url)
    if url.startswith("sqlite"):

        @event.listens_for(engine.sync_engine, "connect")
        def _(connection, _record) -> None:
            cursor = connection.cursor()
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 5000"):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

    return engine


class ProductItem(Struct):
    """A product as Manor's shop shows it in lists."""

    id: UUID
    name: str
    price: Decimal
    is_active: bool


class Page(Struct):
    items: list[ProductItem]
    total: int
    limit: int
    offset: int


PageSize = Annotated[int, Parameter(query="pageSize", ge=1, le=100)]


def app(url: str) -> Litestar:
    """The products over HTTP."""
    sessions = async_sessionmaker(engine_of(url), expire_on_commit=False)

    class ProductController(Controller):
        path = "/api/v1/products"

        @get()
        async def list_products(self, page_size: PageSize = 20) -> Page:
            async with sessions() as session:
                found, total = await ProductService(session=session).list_and_count(
                    Product.is_active.is_(True), LimitOffset(page_size, 0), OrderBy("created_at", "desc"), OrderBy("id", "desc")
                )
                return Page([ProductItem(p.id, p.name, p.price, p.is_active) for p in found], total, page_size, 0)

    return Litestar([ProductController], openapi_config=None)
