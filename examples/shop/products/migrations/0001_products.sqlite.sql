-- up

CREATE TABLE "products" (
	"id" BLOB NOT NULL,
	"created_at" INTEGER NOT NULL,
	"updated_at" INTEGER NOT NULL,
	"owner_id" BLOB NOT NULL,
	"name" TEXT NOT NULL,
	"description" TEXT,
	"price" INTEGER NOT NULL,
	"is_active" INTEGER NOT NULL DEFAULT 1,
	CONSTRAINT "products_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "ck_products_name" CHECK (length("name") <= 255),
	CONSTRAINT "ck_products_price" CHECK (("price" BETWEEN -9999999999 AND 9999999999) AND (price > 0)),
	CONSTRAINT "ck_products_is_active" CHECK ("is_active" IN (0, 1)),
	CONSTRAINT "fk_products_owner_id" FOREIGN KEY ("owner_id") REFERENCES "users" ("id") ON DELETE CASCADE
) STRICT;

CREATE INDEX "ix_products_created_at" ON "products" ("created_at");

CREATE INDEX "ix_products_owner_id" ON "products" ("owner_id");

-- The list that everybody asks for, and its total.
CREATE INDEX "ix_products_active" ON "products" ("is_active", "created_at", "id");

CREATE TABLE "product_images" (
	"product_id" BLOB NOT NULL,
	"svg" TEXT NOT NULL,
	CONSTRAINT "product_images_pkey" PRIMARY KEY ("product_id"),
	CONSTRAINT "fk_product_images_product_id" FOREIGN KEY ("product_id") REFERENCES "products" ("id") ON DELETE CASCADE
) STRICT;

CREATE TABLE "product_search" (
	"product_id" BLOB NOT NULL,
	"words" TEXT NOT NULL,
	CONSTRAINT "product_search_pkey" PRIMARY KEY ("product_id"),
	CONSTRAINT "fk_product_search_product_id" FOREIGN KEY ("product_id") REFERENCES "products" ("id") ON DELETE CASCADE
) STRICT;

-- down

DROP TABLE "product_search";

DROP TABLE "product_images";

DROP TABLE "products";
