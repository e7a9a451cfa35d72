-- up

CREATE TABLE "products" (
	"id" uuid NOT NULL,
	"created_at" timestamptz NOT NULL,
	"updated_at" timestamptz NOT NULL,
	"owner_id" uuid NOT NULL,
	"name" varchar(255) COLLATE "C" NOT NULL,
	"description" text COLLATE "C",
	"price" numeric(10,2) NOT NULL,
	"is_active" boolean NOT NULL DEFAULT true,
	CONSTRAINT "products_pkey" PRIMARY KEY ("id"),
	CONSTRAINT "ck_products_price" CHECK (price > 0),
	CONSTRAINT "fk_products_owner_id" FOREIGN KEY ("owner_id") REFERENCES "users" ("id") ON DELETE CASCADE
);

CREATE INDEX "ix_products_created_at" ON "products" ("created_at");

CREATE INDEX "ix_products_owner_id" ON "products" ("owner_id");

-- The list that everybody asks for, and its total.
CREATE INDEX "ix_products_active" ON "products" ("is_active", "created_at", "id");

CREATE TABLE "product_images" (
	"product_id" uuid NOT NULL,
	"svg" text COLLATE "C" NOT NULL,
	CONSTRAINT "product_images_pkey" PRIMARY KEY ("product_id"),
	CONSTRAINT "fk_product_images_product_id" FOREIGN KEY ("product_id") REFERENCES "products" ("id") ON DELETE CASCADE
);

CREATE TABLE "product_search" (
	"product_id" uuid NOT NULL,
	"words" text COLLATE "C" NOT NULL,
	CONSTRAINT "product_search_pkey" PRIMARY KEY ("product_id"),
	CONSTRAINT "fk_product_search_product_id" FOREIGN KEY ("product_id") REFERENCES "products" ("id") ON DELETE CASCADE
);

-- down

DROP TABLE "product_search";

DROP TABLE "product_images";

DROP TABLE "products";
