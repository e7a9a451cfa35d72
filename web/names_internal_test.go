package web

import (
	"reflect"
	"testing"

	"github.com/manorgo/manor/auth"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/patch"
)

func TestNames(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ pkg, name, want string }{
		{"example.org/shop/products", "Product", "Product"},
		{"example.org/shop/products", "Create", "ProductCreate"},
		{"example.org/shop/products", "ProductCreate", "ProductCreate"},
		{"example.org/shop/products_test", "Create", "ProductCreate"},
		{"example.org/shop/products", "PublicView", "PublicView"},
		{"example.org/shop/categories", "Update", "CategoryUpdate"},
		{"example.org/shop/addresses", "Update", "AddressUpdate"},
		{"example.org/shop/boxes", "Item", "BoxItem"},
		{"example.org/shop/news", "Item", "NewItem"},
		{"example.org/shop/status", "Item", "StatusItem"},
		{"example.org/api-keys", "Create", "ApikeyCreate"},
		{"main", "Create", "Create"},
		{"example.org/x/web", "Problem", "Problem"},
		{"example.org/x/web", "Page[example.org/shop/products.Product]", "ProductPage"},
		{"example.org/x/web", "Page[*example.org/shop/products.Create]", "ProductCreatePage"},
		{"example.org/x/web", "Page[[]string]", "StringListPage"},
		{"example.org/x/web", "Pair[example.org/a/users.User,example.org/b/web.Page[int]]", "UserIntPagePair"},
		{"example.org/shop/products", "small·1", "ProductSmall"},
	} {
		if got := qualified(tt.pkg, tt.name); got != tt.want {
			t.Errorf("%s.%s: %s, want %s", tt.pkg, tt.name, got, tt.want)
		}
	}
	if got := componentName(reflect.TypeFor[struct{}](), "Hint"); got != "Hint" {
		t.Errorf("a type without a name is %s", got)
	}
	if got := componentName(reflect.TypeFor[Page[data.Schema]](), ""); got != "DataSchemaPage" {
		t.Errorf("a real one is %s", got)
	}
}

func TestCamel(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"created_at": "createdAt", "is_active": "isActive", "name": "name", "a__b": "aB", "": ""} {
		if got := camel(in); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}

func TestOperationID(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/users": "getUsers", "/users/{id}/api-keys": "getUsersByIdApiKeys", "/users/by-email/{email}": "getUsersByEmailByEmail",
	} {
		if got := operationID("GET", path); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
	if got := sentence("revokeApiKey"); got != "Revoke api key" {
		t.Error(got)
	}
}

// A patch.Field is known by its name and package, which could change.
func TestPatched(t *testing.T) {
	t.Parallel()
	if v, ok := patched(reflect.TypeFor[patch.Field[[]auth.Subject]]()); !ok || v != reflect.TypeFor[[]auth.Subject]() {
		t.Errorf("%v %v", v, ok)
	}
	if s := known(reflect.TypeFor[data.ID[int]]()); s == nil || s.Format != "uuid" {
		t.Errorf("an ID is %+v", s)
	}
}
