package drivertest

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// A link has secrets of its own: sealed columns, with and without NULL, before
// and after its primary key.
type link struct {
	Token secret.Text `json:"token" db:"token,size=10"`
	data.Audited[link]
	Name string       `json:"name" db:"name,unique"`
	PIN  *secret.Text `json:"pin" db:"pin"`
	Rank int          `json:"rank" db:"rank"`
}

// A cable is found by a name, which its caller makes.
type cable struct {
	Name  string      `db:"name,primary"`
	Token secret.Text `db:"token,sealed=links.token"` // as if it had been called so
}

var (
	links     = data.NewTable[link]("links")
	linkToken = data.Col[secret.Text](links, "token")
	linkPIN   = data.Col[secret.Text](links, "pin")
	linkName  = data.TextCol(links, "name")
	linkRank  = data.Col[int](links, "rank")
	cables    = data.NewTable[cable]("cables")
)

// A login has the hashes of passwords.
type login struct {
	data.Identified[login]
	Hash secret.PasswordHash  `db:"hash,size=255"`
	Old  *secret.PasswordHash `db:"old,size=255"`
}

var (
	logins    = data.NewTable[login]("logins")
	loginHash = data.Col[secret.PasswordHash](logins, "hash")
	loginOld  = data.Col[secret.PasswordHash](logins, "old")
)

func keyring(s suite, seeds ...byte) *secret.Keyring {
	s.Helper()
	var masters [][]byte
	for _, seed := range seeds {
		m := make([]byte, secret.KeySize)
		for i := range m {
			m[i] = seed + byte(i)
		}
		masters = append(masters, m)
	}
	k, err := secret.NewKeyring(masters...)
	s.ok(err)
	return k
}

// linkDB is a database with keys and the tables of links and cables.
func linkDB(s suite) *data.DB {
	db := s.db(links.Schema(), cables.Schema())
	db.SetKeys(keyring(s, 1))
	return db
}

func text(v string) secret.Text   { return secret.NewText(v) }
func pText(v string) *secret.Text { t := text(v); return &t }

// shown returns what a link holds, secrets included.
func shown(v link) string {
	pin := "NULL"
	if v.PIN != nil {
		pin = v.PIN.Reveal()
	}
	return fmt.Sprintf("%s %s %s %d", v.Name, v.Token.Reveal(), pin, v.Rank)
}

func (s suite) stored(db *data.DB, id data.ID[link], want string) {
	s.Helper()
	got, err := links.On(db).Get(s.ctx, id)
	s.ok(err)
	s.same("stored", shown(got), want)
}

var storedTokens = data.NewSelect[struct {
	Token []byte  `db:"token"`
	PIN   *[]byte `db:"pin"`
}]("SELECT token, pin FROM links ORDER BY name", "")

var sealedTests = []test{
	{"every way in and out", func(s suite) {
		db := linkDB(s)
		r := links.On(db)
		a := link{Name: "a", Token: text("ßecret"), PIN: pText("")}
		s.ok(r.Add(s.ctx, &a))
		s.stored(db, a.ID, "a ßecret  0")
		many := []link{{Name: "b", Token: text("b1")}, {Name: "c", PIN: pText("c2")}}
		s.ok(r.AddAll(s.ctx, many))
		s.stored(db, many[0].ID, "b b1 NULL 0")
		s.stored(db, many[1].ID, "c  c2 0")
		added, err := r.AddNew(s.ctx, &link{Name: "a", Token: text("no")}, "name")
		s.ok(err)
		s.same("added", added, false)

		got, err := r.Update(s.ctx, a.ID, linkToken.Set(text("u1")), linkPIN.SetNull())
		s.ok(err)
		s.same("updated", shown(got), "a u1 NULL 0")
		got, err = r.UpdateOne(s.ctx, data.All(linkName.Eq("a"), data.Col[data.ID[link]](links, "id").Eq(a.ID)), linkPIN.Set(text("p")))
		s.ok(err)
		s.same("updated by id and more", shown(got), "a u1 p 0")
		many[0].Token, many[1].Token = text("b2"), text("c3")
		rows, err := r.UpdateAll(s.ctx, many, "token")
		s.ok(err)
		s.same("all", shown(rows[0])+", "+shown(rows[1]), "b b2 NULL 0, c c3 c2 0")

		page, err := r.List(s.ctx, data.Query[link]{Order: data.By(linkName.Asc()), Count: true, Limit: 2, Keyset: true})
		s.ok(err)
		s.same("listed", shown(page.Items[0])+" "+shown(page.Items[1]), "a u1 p 0 b b2 NULL 0")
		n := 0
		for v, err := range r.Each(s.ctx, data.Query[link]{Where: linkPIN.NotNull()}) {
			s.ok(err)
			n += len(v.Token.Reveal())
		}
		s.same("each", n, 4)
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error {
			v, err := links.On(tx).Lock(s.ctx, linkName.Eq("b"))
			s.ok(err)
			s.ok(links.On(tx).AddAll(s.ctx, []link{{Name: "t", Token: v.Token}}))
			_, err = links.On(tx).List(s.ctx, data.Query[link]{Count: true})
			return err
		}))
		got, err = r.DeleteOne(s.ctx, linkName.Eq("t"))
		s.ok(err)
		s.same("deleted", shown(got), "t b2 NULL 0")

		svc := data.Service[link, newLink, changeLink]{DB: db, Table: links}
		made, err := svc.Create(s.ctx, newLink{Name: "svc", Token: text("s1")})
		s.ok(err)
		got, err = svc.Update(s.ctx, made.ID, changeLink{Token: text("s2")})
		s.ok(err)
		s.same("by service", shown(got), "svc s2 NULL 0")
	}},
	{"upsert", func(s suite) {
		db := linkDB(s)
		r := links.On(db)
		v := link{Name: "a", Token: text("1"), PIN: pText("x")}
		created, err := r.Upsert(s.ctx, &v, "name")
		s.ok(err)
		s.same("created", created, true)
		first := v
		for _, c := range []struct {
			token, want string
			moves       bool
		}{{"2", "a 2 NULL 1", true}, {"2", "a 2 NULL 1", false}} { // another ID is made up, and not kept
			v = link{Name: "a", Token: text(c.token), Rank: 1}
			was, err := r.Get(s.ctx, first.ID)
			s.ok(err)
			created, err = r.Upsert(s.ctx, &v, "name")
			s.ok(err)
			s.same("created", created, false)
			s.same("id", v.ID, first.ID)
			s.same("the row", shown(v), c.want)
			s.stored(db, first.ID, c.want)
			s.same("moved", v.UpdatedAt != was.UpdatedAt, c.moves)
		}
		v.Token = text("3")
		_, err = r.Upsert(s.ctx, &v) // by its ID
		s.ok(err)
		s.stored(db, first.ID, "a 3 NULL 1")

		all := []link{{Name: "b", Token: text("b")}, {Name: "a", Token: text("4")}, {Name: "c", Token: text("c"), PIN: pText("p")}}
		news, err := r.UpsertAll(s.ctx, all, "name")
		s.ok(err)
		s.same("created", news, []bool{true, false, true})
		s.same("in order", shown(all[0])+shown(all[1])+shown(all[2]), "b b NULL 0a 4 NULL 0c c p 0")
		s.stored(db, first.ID, "a 4 NULL 0")
		found := link{Name: "a", Token: text("5")}
		created, err = r.GetOrAdd(s.ctx, &found, "name")
		s.ok(err)
		s.same("found", fmt.Sprint(created, shown(found)), "falsea 4 NULL 0")

		s.all(8, func(i int) error { // whoever is last has sealed for the row that there is
			v := link{Name: "new", Token: text(fmt.Sprint(i))}
			_, err := links.On(db).Upsert(s.ctx, &v, "name")
			return err
		})
		_, err = r.GetBy(s.ctx, linkName.Eq("new"))
		s.ok(err)
	}},
	{"what is stored tells nothing", func(s suite) {
		db := linkDB(s)
		s.ok(links.On(db).AddAll(s.ctx, []link{{Name: "a", Token: text("same")}, {Name: "b", Token: text("same")}}))
		all, err := storedTokens.All(s.ctx, db)
		s.ok(err)
		if string(all[0].Token) == string(all[1].Token) || strings.Contains(string(all[0].Token), "same") || all[0].PIN != nil {
			s.Errorf("stored: %x", all[0].Token)
		}
		id, ok := secret.SealedWith(all[0].Token)
		s.same("key", fmt.Sprint(id, ok), keyring(s, 1).Fingerprint()+" true")
		s.same("size", len(all[0].Token), 4+secret.SealedExtra)
	}},
	{"what was moved does not open", func(s suite) {
		db := linkDB(s)
		r := links.On(db)
		a, b := link{Name: "a", Token: text("s3cr3t"), PIN: pText("s3cr3t")}, link{Name: "b", Token: text("s3cr3t")}
		s.ok(r.Add(s.ctx, &a))
		s.ok(r.Add(s.ctx, &b))
		for what, sql := range map[string]string{
			"another row":    "UPDATE links SET token = (SELECT token FROM links WHERE name = 'a') WHERE name = 'b'",
			"another column": "UPDATE links SET token = (SELECT pin FROM links WHERE name = 'a') WHERE name = 'b'",
			"nothing sealed": "UPDATE links SET token = substr(token, 1, 20) WHERE name = 'b'",
		} {
			s.exec(db, sql)
			_, err := r.Get(s.ctx, b.ID)
			s.is(err, fault.Internal)
			if msg := fmt.Sprint(err); !strings.Contains(msg, "links.token") || strings.Contains(msg, "s3cr3t") {
				s.Errorf("%s: %s", what, msg)
			}
			_, err = r.List(s.ctx, data.Query[link]{})
			s.is(err, fault.Internal)
		}
	}},
	{"keys", func(s suite) {
		db := s.db(links.Schema(), cables.Schema())
		r := links.On(db)
		v := link{Name: "a", Token: text("s3cr3t")}
		s.is(r.Add(s.ctx, &v), fault.Internal)
		s.is(r.AddAll(s.ctx, []link{v}), fault.Internal)
		count(s, db, links, 0)
		db.SetKeys(keyring(s, 1))
		s.ok(r.Add(s.ctx, &v))
		for what, k := range map[string]*secret.Keyring{"none": nil, "another": keyring(s, 9)} {
			db.SetKeys(k)
			_, err := r.Get(s.ctx, v.ID)
			s.is(err, fault.Internal)
			if msg := fmt.Sprint(err); !strings.Contains(msg, "links.token") || strings.Contains(msg, "s3cr3t") {
				s.Errorf("%s: %s", what, msg)
			}
		}
		db.SetKeys(keyring(s, 9, 1)) // the newest seals, the older one opens
		s.stored(db, v.ID, "a s3cr3t NULL 0")

		c := cable{Name: "a", Token: text("tied")}
		s.ok(cables.On(db).Add(s.ctx, &c))
		got, err := cables.On(db).GetBy(s.ctx)
		s.ok(err)
		s.same("by a text", got.Token.Reveal(), "tied")
		s.exec(db, "UPDATE cables SET name = 'b'")
		_, err = cables.On(db).GetBy(s.ctx)
		s.is(err, fault.Internal)
	}},
	{"what cannot be done is refused", func(s suite) {
		db := linkDB(s)
		r := links.On(db)
		v := link{Name: "a", Token: text("s3cr3t")}
		s.ok(r.Add(s.ctx, &v))
		long := link{Name: "b", Token: text("ßßßßßßßßßß1")}
		err := r.Add(s.ctx, &long)
		s.is(err, fault.Invalid)
		s.mentions(err, "token")
		s.ok(r.Add(s.ctx, &link{Name: "c", Token: text("ßßßßßßßßßß")}))
		_, err = r.Update(s.ctx, v.ID, linkToken.Set(text("12345678901")))
		s.is(err, fault.Invalid)
		s.is(r.Add(s.ctx, &link{Name: "d", Token: text("a\x00")}), fault.Invalid)

		_, err = r.GetBy(s.ctx, linkToken.Eq(text("s3cr3t")))
		s.is(err, fault.Internal)
		_, err = r.Exists(s.ctx, linkToken.In(text("s3cr3t")))
		s.is(err, fault.Internal)
		_, err = r.UpdateWhere(s.ctx, linkName.Eq("a"), linkToken.Set(text("x")))
		s.is(err, fault.Internal)
		_, err = r.UpdateWhere(s.ctx, data.Any(linkName.Eq("a"), data.Col[data.ID[link]](links, "id").Eq(v.ID)), linkToken.Set(text("x")))
		s.is(err, fault.Internal)
		_, err = r.Update(s.ctx, v.ID, data.Col[data.ID[link]](links, "id").Set(data.ID[link]{1}))
		s.is(err, fault.Internal)
		n, err := r.UpdateWhere(s.ctx, linkName.Eq("a"), linkPIN.SetNull(), linkRank.Set(5))
		s.ok(err)
		s.same("without a value to seal", n, 1)
		s.stored(db, v.ID, "a s3cr3t NULL 5")
	}},
	{"password hashes", func(s suite) {
		db := s.db(logins.Schema())
		var weak, h secret.Hasher
		weak.Params, h.Params = secret.Params{Memory: 64, Time: 1}, secret.Params{Memory: 128, Time: 1}
		hash, err := weak.Hash(s.ctx, text("correct horse"))
		s.ok(err)
		v := login{Hash: hash}
		s.ok(logins.On(db).Add(s.ctx, &v))
		_, err = logins.On(db).Upsert(s.ctx, &v) // a hash that is stored again is not hashed again
		s.ok(err)
		got, err := logins.On(db).Get(s.ctx, v.ID)
		s.ok(err)
		s.same("stored", string(got.Hash), string(hash))
		ok, rehash, err := h.Verify(s.ctx, got.Hash, text("correct horse"))
		s.ok(err)
		s.same("verified", fmt.Sprint(ok, rehash), "true true")
		fresh, err := h.Hash(s.ctx, text("correct horse"))
		s.ok(err)
		got, err = logins.On(db).Update(s.ctx, v.ID, loginHash.Set(fresh), loginOld.Set(hash))
		s.ok(err)
		ok, rehash, err = h.Verify(s.ctx, got.Hash, text("correct horse"))
		s.ok(err)
		s.same("verified again", fmt.Sprint(ok, rehash), "true false")
		ok, _, err = h.Verify(s.ctx, *got.Old, text("wrong horse"))
		s.ok(err)
		s.same("wrong", ok, false)
		if said := fmt.Sprintf("%v %+v %#v %s", got, got, got, got.Hash); strings.Contains(said, "argon2") {
			s.Error(said)
		}
		for _, garbage := range []secret.PasswordHash{"", "x", "$argon2id$", "$2b$99$", fresh[:40]} {
			_, err = logins.On(db).Update(s.ctx, v.ID, loginHash.Set(garbage))
			s.ok(err)
			got, err = logins.On(db).Get(s.ctx, v.ID)
			s.ok(err)
			if ok, rehash, _ := h.Verify(s.ctx, got.Hash, text("correct horse")); ok || rehash {
				s.Errorf("a password verifies against %q", string(garbage))
			}
		}
	}},
	{"nothing prints it", func(s suite) {
		v := link{Name: "a", Token: text("s3cr3t"), PIN: pText("s3cr3t")}
		b, err := json.Marshal(v)
		s.ok(err)
		var log strings.Builder
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v, "change", linkToken.Set(v.Token))
		said := string(b) + log.String()
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			said += fmt.Sprintf(verb, v) + fmt.Sprintf(verb, linkToken.Set(v.Token)) + fmt.Sprintf(verb, linkToken.Eq(v.Token))
		}
		if strings.Contains(said, "s3cr3t") || strings.Contains(said, fmt.Sprintf("%x", "s3cr3t")) || !strings.Contains(string(b), "[redacted]") {
			s.Error(said)
		}
	}},
	{"reseal", func(s suite) {
		db := linkDB(s)
		var all []link
		for i := range 250 {
			all = append(all, link{Name: fmt.Sprintf("%03d", i), Token: text(fmt.Sprint(i))})
			if i%2 == 0 {
				all[i].PIN = pText("p")
			}
		}
		s.ok(links.On(db).AddAll(s.ctx, all))
		was := keyring(s, 1)
		now := keyring(s, 2, 1)
		db.SetKeys(now)
		r := links.On(db)
		s.ok(r.Add(s.ctx, &link{Name: "new"}))
		seals := func() string {
			counts, err := r.Seals(s.ctx)
			s.ok(err)
			out := ""
			for _, c := range counts {
				name := map[string]string{was.Fingerprint(): "old", now.Fingerprint(): "new"}[c.Key.String()]
				out += fmt.Sprintf("%s %s %v %d;", c.Column, name, c.Current, c.Rows)
			}
			return out
		}
		before := seals()
		if !strings.Contains(before, "token old false 250;") || !strings.Contains(before, "token new true 1;") || !strings.Contains(before, "pin old false 125;") {
			s.Errorf("before: %s", before)
		}
		s.exec(db, "UPDATE links SET token = (SELECT pin FROM links WHERE name = '000') WHERE name = '001'")
		done, err := r.Reseal(s.ctx)
		s.is(err, fault.Internal)
		s.same("with a broken one", done, data.Resealed{Values: 249 + 125, Failed: 1})
		s.exec(db, "DELETE FROM links WHERE name = '001'")
		s.same("after", seals(), "token new true 250;pin new true 125;")
		done, err = r.Reseal(s.ctx)
		s.ok(err)
		s.same("again", done, data.Resealed{})

		db.SetKeys(keyring(s, 2)) // the old key is gone
		for v, err := range r.Each(s.ctx, data.Query[link]{}) {
			s.ok(err)
			if v.CreatedAt != v.UpdatedAt {
				s.Fatalf("%s has changed", v.Name)
			}
		}
		got, err := r.Get(s.ctx, all[100].ID)
		s.ok(err)
		s.same("stored", shown(got), "100 100 p 0")
	}},
	{"reseal by the schema alone", func(s suite) {
		db := linkDB(s)
		var many []cable
		for i := range 250 {
			many = append(many, cable{Name: fmt.Sprintf("%03d", i), Token: text(fmt.Sprint(i))})
		}
		s.ok(cables.On(db).AddAll(s.ctx, many))
		s.ok(links.On(db).Add(s.ctx, &link{Name: "a", Token: text("t"), PIN: pText("p")}))
		db.SetKeys(keyring(s, 2, 1))
		schema := cables.Schema()
		s.same("sealed for", schema.Columns[1].Sealed, "links.token")
		_, err := schema.Reseal(s.ctx, db, "name", nil)
		s.is(err, fault.NotFound)
		steps := ""
		done, err := schema.Reseal(s.ctx, db, "token", func(r data.Resealed) { steps += fmt.Sprint(r.Values, " ") })
		s.ok(err)
		s.same("done", done, data.Resealed{Values: 250})
		s.same("steps", steps, "100 200 250 ")
		counts, err := schema.Seals(s.ctx, db)
		s.ok(err)
		s.same("seals", len(counts), 1)
		s.same("seal", fmt.Sprint(counts[0].Column, " ", counts[0].Current, counts[0].Rows), "token true 250")

		// In a transaction, with the rest undone.
		err = db.Tx(s.ctx, func(tx *data.Tx) error {
			done, err := links.Schema().Reseal(s.ctx, tx, "pin", nil)
			s.ok(err)
			s.same("in a transaction", done, data.Resealed{Values: 1})
			return fault.Errorf(fault.Conflict, "undo")
		})
		s.is(err, fault.Conflict)
		done, err = links.Schema().Reseal(s.ctx, db, "pin", nil)
		s.ok(err)
		s.same("again", done, data.Resealed{Values: 1})

		db.SetKeys(keyring(s, 2)) // the old key is gone
		got, err := cables.On(db).GetBy(s.ctx, data.TextCol(cables, "name").Eq("123"))
		s.ok(err)
		s.same("opened", got.Token.Reveal(), "123")
	}},
	{"reseal while others write", func(s suite) {
		db := linkDB(s)
		v := link{Name: "a", Token: text("old")}
		s.ok(links.On(db).Add(s.ctx, &v))
		db.SetKeys(keyring(s, 2, 1))
		// Somebody writes after the value was read and before it is written.
		between := data.New(&overtaking{Driver: db.Driver(), write: func() {
			_, err := links.On(db).Update(s.ctx, v.ID, linkToken.Set(text("won")))
			s.ok(err)
		}}, nil)
		between.SetKeys(keyring(s, 2, 1))
		done, err := links.On(between).Reseal(s.ctx)
		s.ok(err)
		s.same("overtaken", done, data.Resealed{Overtaken: 1})
		s.stored(db, v.ID, "a won NULL 0")
	}},
}

// An overtaking writes right before the first transaction begins.
type overtaking struct {
	driver.Driver
	write func()
}

func (o *overtaking) Begin(ctx context.Context, level driver.Isolation) (driver.Tx, error) {
	if o.write != nil {
		o.write()
		o.write = nil
	}
	return o.Driver.Begin(ctx, level)
}

type newLink struct {
	Name  string
	Token secret.Text
}

func (c newLink) New() link { return link{Name: c.Name, Token: c.Token} }

type changeLink struct{ Token secret.Text }

func (c changeLink) Changes() []data.Change[link] {
	return []data.Change[link]{linkToken.Set(c.Token)}
}
