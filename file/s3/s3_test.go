package s3_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/file/driver"
	"github.com/manorgo/manor/file/filetest"
	"github.com/manorgo/manor/file/s3"
	"github.com/manorgo/manor/internal/s3test"
	"github.com/manorgo/manor/secret"
)

func TestBucket(t *testing.T) {
	server := s3test.Start(t)
	filetest.Run(t, func(t *testing.T) driver.Bucket {
		return open(t, server, server.Bucket(t), "app/files")
	})
}

func open(t *testing.T, server *s3test.Server, name, prefix string) *s3.Bucket {
	t.Helper()
	b, err := s3.New(s3.Config{
		Name: name, Prefix: prefix, Endpoint: server.URL, KeyID: server.KeyID, Secret: secret.NewText(server.Secret),
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Two prefixes of a bucket do not see each other.
func TestPrefixesAreApart(t *testing.T) {
	server := s3test.Start(t)
	name := server.Bucket(t)
	one, two := open(t, server, name, "one"), open(t, server, name, "two")
	if _, err := one.Put(t.Context(), "a", strings.NewReader("x"), driver.PutOptions{Size: 1}); err != nil {
		t.Fatal(err)
	}
	for o, err := range two.List(t.Context(), "") {
		t.Errorf("another prefix lists %v, %v", o, err)
	}
}

func TestParseURL(t *testing.T) {
	t.Parallel()
	c, err := s3.ParseURL(secret.NewText("s3://id:s%2Fcret@shop/app/files/?region=eu-central-1&endpoint=https://s3.example.org"))
	if err != nil || c.Name != "shop" || c.Prefix != "app/files" || c.Region != "eu-central-1" || c.KeyID != "id" ||
		c.Endpoint != "https://s3.example.org" || c.Secret.Reveal() != "s/cret" {
		t.Errorf("%+v, %v", c, err)
	}
	for _, text := range []string{"", "s3://bucket", "http://id:hidden@bucket", "s3://id:hidden@", "s3://id:hidden@b?ragion=x", "s3://id:hid%zz@b"} {
		_, err := s3.ParseURL(secret.NewText(text))
		if fault.KindOf(err) != fault.Invalid || strings.Contains(err.Error(), "hid") {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, c := range []s3.Config{
		{}, {Name: "b", KeyID: "k"}, {Name: "b", KeyID: "k", Secret: secret.NewText("s"), Prefix: "../x"},
		{Name: "b", KeyID: "k", Secret: secret.NewText("s"), Endpoint: "s3.example.org"},
	} {
		if _, err := s3.New(c); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func Example() {
	c, err := s3.ParseURL(secret.NewText("s3://AKIDEXAMPLE:secret@shop-files/production?region=eu-central-1"))
	fmt.Println(c.Name, c.Prefix, c.Region, c.Secret, err)
	// Output: shop-files production eu-central-1 [redacted] <nil>
}
