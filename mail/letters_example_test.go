package mail_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/manorgo/manor/mail"
)

// Shipped is what a letter about an order speaks of.
type Shipped struct{ Order, Link string }

func ExampleParseLetters() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for name, text := range map[string]string{
		"en": "Subject: Order {{.Order}} is on its way\n\nFollow it here:\n\n{{.Link}}\n",
		"fr": "Subject: Commande {{.Order}} expédiée\n\nSuivez-la ici :\n\n{{.Link}}\n",
	} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "shipped.txt"), []byte(text), 0o600); err != nil {
			log.Fatal(err)
		}
	}

	letters, err := mail.ParseLetters([]mail.Letter{
		{Name: "shipped", Sample: Shipped{Order: "4711", Link: "https://shop.example/o/4711"}},
	}, os.DirFS(dir))
	if err != nil {
		log.Fatal(err)
	}
	lang := letters.Match("fr-CA, en;q=0.5") // an Accept-Language
	m, err := letters.Write("shipped", lang, "ana@example.org", Shipped{"4712", "https://shop.example/o/4712"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Subject)
	fmt.Println(m.Text)
	// Output:
	// Commande 4712 expédiée
	// Suivez-la ici :
	//
	// https://shop.example/o/4712
}
