package revise_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/revise"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// Tables with every kind of key and column, before anything changes.
type (
	shelf struct {
		Code string `db:"code,primary,size=8"`
		Room string `db:"room,size=20"`
	}
	volume struct {
		Shelf   string `db:"shelf,primary,size=8,references=shelves.code,ondelete=cascade"`
		Place   int    `db:"place,primary"`
		Title   string `db:"title,size=50"`
		Barcode string `db:"barcode,size=13,unique"`
	}
	loan struct {
		data.Numbered[loan]
		Shelf *string `db:"shelf,size=8"`
		Place *int    `db:"place"`
		Note  string  `db:"note,size=30"`
		Days  int     `db:"days"`
		Pages int     `db:"pages,default=5"`
	}
	reader struct {
		data.Audited[reader]
		Email string            `db:"email,size=100,unique"`
		PIN   *secret.Text      `db:"pin"`
		Login *data.OneTimeCode `db:"login"`
		Tags  []string          `db:"tags,size=40"`
		State string            `db:"state,enum=new|old"`
		Born  *data.Date        `db:"born"`
		Photo []byte            `db:"photo"`
	}
	mark struct { // between two tables
		Reader data.ID[reader] `db:"reader,primary,references=readers,ondelete=cascade"`
		Shelf  string          `db:"shelf,primary,size=8,references=shelves.code,ondelete=restrict"`
	}
)

func inVolumes(shelf, place, table, toShelf, toPlace, action string) data.TableOption {
	return data.References(data.ForeignKey{Columns: []string{shelf, place}, Table: table, Targets: []string{toShelf, toPlace}, OnDelete: action})
}

var (
	shelves = data.NewTable[shelf]("shelves")
	volumes = data.NewTable[volume]("volumes")
	loans   = data.NewTable[loan]("loans", inVolumes("shelf", "place", "volumes", "shelf", "place", "null"))
	readers = data.NewTable[reader]("readers")
	marks   = data.NewTable[mark]("marks")
	library = []data.Schema{shelves.Schema(), volumes.Schema(), loans.Schema(), readers.Schema(), marks.Schema()}
)

// instead returns the library's schemas, some of them replaced by their place.
func instead(of map[int]data.Schema) []data.Schema {
	out := append([]data.Schema{}, library...)
	for i, s := range of {
		out[i] = s
	}
	return out
}

const aDay = "2001-02-03"

// stock fills the library, and returns its reader.
func stock(t *testing.T, db *data.DB) reader {
	t.Helper()
	keys, err := secret.NewKeyring([]byte("0123456789abcdefghijklmnopqrstuv"))
	if err != nil {
		t.Fatal(err)
	}
	db.SetKeys(keys)
	born, err := data.ParseDate(aDay)
	if err != nil {
		t.Fatal(err)
	}
	ctx, pin, a, two := t.Context(), secret.NewText("1234"), "a", 2
	ada := reader{Email: "ada@example.com", PIN: &pin, Tags: []string{"x", "y"}, State: "old", Born: &born, Photo: []byte{0, 255}}
	ada.CreatedAt = time.Date(2020, 1, 2, 3, 4, 5, 6000, time.UTC)
	ada.UpdatedAt = ada.CreatedAt
	rows := []loan{{Note: "first", Days: 7}, {Shelf: &a, Place: &two, Note: "second", Days: 14, Pages: -8}}
	err = errors.Join(
		shelves.On(db).AddAll(ctx, []shelf{{"a", "east"}, {"b", "west"}}),
		volumes.On(db).AddAll(ctx, []volume{{"a", 1, "Emma", "111"}, {"a", 2, "Dune", "222"}, {"b", 1, "Ulysses", "333"}}),
		loans.On(db).AddAll(ctx, rows),
		readers.On(db).Add(ctx, &ada),
	)
	if err := errors.Join(err, marks.On(db).Add(ctx, &mark{ada.ID, "b"})); err != nil {
		t.Fatal(err)
	}
	return ada
}

// rows returns all rows of a table as text, with secrets revealed.
func rows[T any](t *testing.T, db *data.DB, table *data.Table[T]) string {
	t.Helper()
	page, err := table.On(db).List(t.Context(), data.Query[T]{})
	if err != nil {
		t.Fatalf("%s: %v", db.Dialect(), err)
	}
	out := ""
	for _, r := range page.Items {
		if person, ok := any(r).(reader); ok && person.PIN != nil {
			out += person.PIN.Reveal() + " "
		}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		out += string(b) + "\n"
	}
	return out
}

func everything(t *testing.T, db *data.DB) string {
	t.Helper()
	return strings.Join([]string{rows(t, db, shelves), rows(t, db, volumes), rows(t, db, loans), rows(t, db, readers), rows(t, db, marks)}, "\n")
}

// How the tables change.
type (
	person struct {
		data.Versioned[person]
		data.SoftDeleted
		Email  string            `db:"email,size=100"`
		PIN    *secret.Text      `db:"pin"`
		Token  *secret.Text      `db:"token,size=64"`
		Login  *data.OneTimeCode `db:"login"`
		Second *data.OneTimeCode `db:"second"`
		Tags   []string          `db:"tags,size=40"`
		Likes  []string          `db:"likes,default='[]'"`
		More   map[string]int    `db:"more,json,default='{}'"`
		State  string            `db:"state,enum=new|old|gone,default='new'"`
		Born   *data.Date        `db:"born"`
		Photo  []byte            `db:"photo"`
	}
	member struct { // a reader, called otherwise
		data.Audited[member]
		Email  string            `db:"email,size=100,unique"`
		Secret *secret.Text      `db:"secret,sealed=readers.pin"`
		Code   *data.OneTimeCode `db:"code"`
		Tags   []string          `db:"tags,size=40"`
		State  string            `db:"state,enum=new|old"`
		Born   *data.Date        `db:"born"`
		Photo  []byte            `db:"photo"`
	}
	memberMark struct {
		Reader data.ID[member] `db:"reader,primary,references=members,ondelete=cascade"`
		Shelf  string          `db:"shelf,primary,size=8,references=shelves.code,ondelete=restrict"`
	}
	rack struct {
		Name string `db:"name,primary,size=8"`
		Room string `db:"room,size=20"`
	}
	book struct {
		Rack    string `db:"rack,primary,size=8,references=racks.name,ondelete=cascade"`
		Place   int    `db:"place,primary"`
		Title   string `db:"title,size=50"`
		Barcode string `db:"barcode,size=13,unique"`
	}
	bookLoan struct {
		data.Numbered[bookLoan]
		Rack  *string `db:"rack,size=8"`
		Place *int    `db:"place"`
		Note  string  `db:"note,size=30"`
		Days  int     `db:"days"`
		Pages int     `db:"pages,default=5"`
	}
	rackMark struct {
		Reader data.ID[reader] `db:"reader,primary,references=readers,ondelete=cascade"`
		Rack   string          `db:"rack,primary,size=8,references=racks.name,ondelete=restrict"`
	}
	lending struct {
		data.Numbered[lending]
		Shelf *string `db:"shelf,size=8"`
		Place *int    `db:"place"`
		Note  string  `db:"note"`
		Days  float64 `db:"days,check=days > 0"`
		Fee   int     `db:"fee,default=3"`
		Pages string  `db:"pages,size=9,default='5'"`
	}
	barcodeLoan struct {
		data.Numbered[barcodeLoan]
		Shelf   *string `db:"shelf,size=8,references=shelves.code,ondelete=null"`
		Place   *int    `db:"place"`
		Barcode *string `db:"barcode,size=13,references=volumes.barcode,ondelete=cascade"`
		Note    string  `db:"note,size=30"`
		Days    int     `db:"days"`
		Pages   int     `db:"pages,default=5"`
	}
	datedMark struct {
		Reader data.ID[reader] `db:"reader,primary,references=readers,ondelete=cascade"`
		Shelf  string          `db:"shelf,primary,size=8,references=shelves.code,ondelete=restrict"`
		Page   int             `db:"page,primary,default=1"`
	}
	series struct { // new, and refers to what is there by several columns
		data.NanoIdentified[series]
		data.Slugged
		Title string `db:"title"`
		Shelf string `db:"shelf,size=8"`
		Place int    `db:"place"`
	}
)

var (
	people       = data.NewTable[person]("readers", data.UniqueAlive("email"))
	members      = data.NewTable[member]("members")
	memberMarks  = data.NewTable[memberMark]("marks")
	racks        = data.NewTable[rack]("racks")
	books        = data.NewTable[book]("books")
	bookLoans    = data.NewTable[bookLoan]("loans", inVolumes("rack", "place", "books", "rack", "place", "null"))
	rackMarks    = data.NewTable[rackMark]("marks")
	lendings     = data.NewTable[lending]("lendings", inVolumes("shelf", "place", "volumes", "shelf", "place", "restrict"))
	barcodeLoans = data.NewTable[barcodeLoan]("loans")
	datedMarks   = data.NewTable[datedMark]("marks")
	serieses     = data.NewTable[series]("serieses", data.SlugFrom("title"), inVolumes("shelf", "place", "volumes", "shelf", "place", "cascade"))
)

// TestRowsOutliveChanges changes tables of every kind while rows are in them:
// up, down and up again, and what the rows say is said throughout.
func TestRowsOutliveChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, renames string
		to            []data.Schema
		after         func(t *testing.T, db *data.DB, ada reader) // may change rows, and has to undo that
	}{
		{"opt-in embeds and new columns", "", instead(map[int]data.Schema{3: people.Schema()}), func(t *testing.T, db *data.DB, ada reader) {
			ctx := t.Context()
			got, err := people.On(db).Get(ctx, data.ID[person](ada.ID))
			if err != nil {
				t.Fatal(err)
			}
			if got.Version() != 1 || got.Deleted() || got.PIN.Reveal() != "1234" || got.Token != nil || got.Likes == nil || got.More == nil || fmt.Sprint(*got.Born) != aDay {
				t.Errorf("the row is %+v", got)
			}
			// Nobody may call herself as Ada does until Ada is deleted.
			other := person{Email: ada.Email, State: "gone", Likes: []string{"z"}}
			if err := people.On(db).Add(ctx, &other); !errors.Is(err, fault.Conflict) {
				t.Errorf("a second Ada: %v", err)
			}
			deleted := people.On(db).Delete(ctx, got.ID)
			added := people.On(db).Add(ctx, &other)
			_, purged := people.On(db).Where(data.Col[string](people, "state").Eq("gone")).DeleteWhere(ctx, data.Everything[person]())
			if err := errors.Join(deleted, added, purged); err != nil {
				t.Error(err)
			}
			_, purged = people.On(db).Purge(ctx, data.Col[string](people, "state").Eq("gone"))
			_, restored := people.On(db).Restore(ctx, data.Everything[person]())
			if err := errors.Join(purged, restored); err != nil {
				t.Error(err)
			}
			if _, err := people.On(db).Update(ctx, got.ID, data.Col[time.Time](people, "updated_at").Set(ada.UpdatedAt)); err != nil {
				t.Error(err)
			}
		}},
		{"encrypted columns by other names", "readers=members members.pin=secret members.login=code", instead(map[int]data.Schema{3: members.Schema(), 4: memberMarks.Schema()}), func(t *testing.T, db *data.DB, ada reader) {
			got, err := members.On(db).Get(t.Context(), data.ID[member](ada.ID))
			if err != nil || got.Secret.Reveal() != "1234" || got.Tags[1] != "y" {
				t.Errorf("the row is %+v, %v", got, err)
			}
		}},
		{"keys of several columns by other names", "shelves=racks racks.code=name volumes=books books.shelf=rack loans.shelf=rack marks.shelf=rack",
			[]data.Schema{racks.Schema(), books.Schema(), bookLoans.Schema(), readers.Schema(), rackMarks.Schema()}, func(t *testing.T, db *data.DB, ada reader) {
				ctx, a, nine := t.Context(), "a", 9
				if err := bookLoans.On(db).Add(ctx, &bookLoan{Rack: &a, Place: &nine}); !errors.Is(err, fault.Conflict) {
					t.Errorf("a loan of nothing: %v", err)
				}
				_, err := racks.On(db).DeleteWhere(ctx, data.Col[string](racks, "name").Eq("b"))
				if !errors.Is(err, fault.Conflict) {
					t.Errorf("a rack with a mark was deleted: %v", err)
				}
				err = db.Tx(ctx, func(tx *data.Tx) error {
					n, err := books.On(tx).DeleteWhere(ctx, data.Col[int](books, "place").Eq(2))
					if err != nil || n != 1 {
						t.Errorf("%d books deleted, %v", n, err)
					}
					l, err := bookLoans.On(tx).Get(ctx, data.Serial[bookLoan](2))
					if err != nil || l.Rack != nil || l.Place != nil {
						t.Errorf("the loan is %+v, %v", l, err)
					}
					return errUndone
				})
				if !errors.Is(err, errUndone) {
					t.Error(err)
				}
			}},
		{"numbers go on", "loans=lendings", instead(map[int]data.Schema{2: lendings.Schema()}), func(t *testing.T, db *data.DB, ada reader) {
			err := db.Tx(t.Context(), func(tx *data.Tx) error {
				more := []lending{{Days: 1.5}, {Days: 2}}
				if err := lendings.On(tx).AddAll(t.Context(), more); err != nil || more[0].ID != 3 && db.Dialect() == "sqlite" || more[1].ID != more[0].ID+1 {
					t.Errorf("the next lendings are %+v, %v", more, err)
				}
				old, err := lendings.On(tx).Get(t.Context(), data.Serial[lending](2))
				if err != nil || old.Days != 14 || old.Fee != 3 || old.Pages != "-8" {
					t.Errorf("the old lending is %+v, %v", old, err)
				}
				_, err = volumes.On(tx).DeleteWhere(t.Context(), data.Col[string](volumes, "title").Eq("Dune"))
				if !errors.Is(err, fault.Conflict) {
					t.Errorf("a lent volume was deleted: %v", err)
				}
				return errUndone
			})
			if !errors.Is(err, errUndone) {
				t.Error(err)
			}
		}},
		{"a reference to other columns", "", instead(map[int]data.Schema{2: barcodeLoans.Schema()}), func(t *testing.T, db *data.DB, ada reader) {
			err := db.Tx(t.Context(), func(tx *data.Tx) error {
				code := "222"
				l := barcodeLoan{Barcode: &code}
				if err := barcodeLoans.On(tx).Add(t.Context(), &l); err != nil {
					return err
				}
				if _, err := volumes.On(tx).DeleteWhere(t.Context(), data.Col[string](volumes, "title").Eq("Dune")); err != nil {
					return err
				}
				if _, err := barcodeLoans.On(tx).Get(t.Context(), l.ID); !errors.Is(err, fault.NotFound) {
					t.Errorf("the loan of a deleted volume: %v", err)
				}
				return errUndone
			})
			if !errors.Is(err, errUndone) {
				t.Error(err)
			}
		}},
		{"a key of one column more", "", instead(map[int]data.Schema{4: datedMarks.Schema()}), func(t *testing.T, db *data.DB, ada reader) {
			more := datedMark{ada.ID, "b", 2}
			_, err := datedMarks.On(db).Get(t.Context(), datedMarks.KeyOf(&datedMark{ada.ID, "b", 1}))
			if err := errors.Join(err, datedMarks.On(db).Add(t.Context(), &more)); err != nil {
				t.Error(err)
			}
			if err := datedMarks.On(db).Delete(t.Context(), datedMarks.KeyOf(&more)); err != nil {
				t.Error(err)
			}
		}},
		{"a new table that refers by several columns", "", append(instead(nil), serieses.Schema()), func(t *testing.T, db *data.DB, ada reader) {
			two := []series{{Title: "Ünder", Shelf: "a", Place: 1}, {Title: "ünder", Shelf: "b", Place: 1}}
			if err := serieses.On(db).AddAll(t.Context(), two); err != nil || two[0].Slug != "ünder" || two[1].Slug == "ünder" {
				t.Errorf("the slugs of %+v, %v", two, err)
			}
		}},
		{"tables that refer to each other go", "", []data.Schema{readers.Schema()}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			kinds := scratch(t, true)
			d := domain(t, kinds, library...)
			write(t, d, revise.Options{})
			type place struct {
				db     *data.DB
				ada    reader
				before string
			}
			var places []place
			for _, kind := range kinds {
				p := place{db: open(t, kind)}
				upgrade(t, p.db, d)
				noDrift(t, p.db, library)
				p.ada = stock(t, p.db)
				p.before = everything(t, p.db)
				places = append(places, p)
			}
			d.Schemas = c.to
			write(t, d, revise.Options{Drop: true, Renames: renamesIn(t, c.renames)})
			for _, p := range places {
				for range 2 {
					upgrade(t, p.db, d)
					noDrift(t, p.db, c.to)
					if c.after == nil {
						break
					}
					c.after(t, p.db, p.ada)
					if _, err := migrator(t, p.db, d).Downgrade(t.Context(), 1); err != nil {
						t.Fatalf("%s: %v", p.db.Dialect(), err)
					}
					noDrift(t, p.db, library)
					if diff := cmp.Diff(p.before, everything(t, p.db)); diff != "" {
						t.Errorf("%s: %s", p.db.Dialect(), diff)
					}
				}
			}
			if again, err := revise.Make(t.Context(), d, revise.Options{}); err != nil || again != nil {
				t.Errorf("a second time: %v, %v", again, err)
			}
		})
	}
}

var errUndone = errors.New("undone")

func renamesIn(t *testing.T, text string) (out []revise.Rename) {
	t.Helper()
	for one := range strings.FieldsSeq(text) {
		r, err := revise.ParseRename(one)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

type (
	forgetful struct { // as member, without saying what its values are bound to
		data.Audited[forgetful]
		Email  string            `db:"email,size=100,unique"`
		Secret *secret.Text      `db:"secret"`
		Login  *data.OneTimeCode `db:"login"`
		Tags   []string          `db:"tags,size=40"`
		State  string            `db:"state,enum=new|old"`
		Born   *data.Date        `db:"born"`
		Photo  []byte            `db:"photo"`
	}
	exposed struct {
		data.Audited[exposed]
		Email string            `db:"email,size=100,unique"`
		PIN   []byte            `db:"pin"`
		Login *data.OneTimeCode `db:"login"`
		Tags  []string          `db:"tags,size=40"`
		State string            `db:"state,enum=new|old"`
		Born  *data.Date        `db:"born"`
		Photo secret.Text       `db:"photo"`
	}
	thirdColumn struct {
		Shelf   string `db:"shelf,primary,size=8,references=shelves.code,ondelete=cascade"`
		Place   int    `db:"place,primary"`
		Title   string `db:"title,size=50,primary"`
		Barcode string `db:"barcode,size=13,unique"`
	}
)

// TestUnreadableIsRefused wants no revision after which values could not be
// read, or rows not be found.
func TestUnreadableIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, renames, want string
		to                  []data.Schema
	}{
		{"a new name of an encrypted column", "readers.pin=secret", "readers.secret: its values were encrypted for readers.pin: add sealed=readers.pin",
			instead(map[int]data.Schema{3: data.NewTable[forgetful]("readers").Schema()})},
		{"what was encrypted", "", "readers.pin: its values are encrypted", instead(map[int]data.Schema{3: data.NewTable[exposed]("readers").Schema()})},
		{"what was not", "", "photo: its values are not encrypted", []data.Schema{data.NewTable[struct {
			data.Identified[reader]
			Photo secret.Text `db:"photo"`
		}]("readers").Schema()}},
		{"a key that rows are referred to by", "", "which neither is the primary key nor unique", instead(map[int]data.Schema{1: data.NewTable[thirdColumn]("volumes").Schema()})},
		{"such a key that stays unique", "", "its primary key changes while others refer to it", instead(map[int]data.Schema{1: data.NewTable[thirdColumn]("volumes", data.UniqueOn("shelf", "place")).Schema()})},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := domain(t, scratch(t, false), library...)
			write(t, d, revise.Options{})
			before := folder(t, d.Folder)
			d.Schemas = c.to
			_, err := revise.Make(t.Context(), d, revise.Options{Drop: true, Renames: renamesIn(t, c.renames)})
			if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v; want %s", err, c.want)
			}
			if diff := cmp.Diff(before, folder(t, d.Folder)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
