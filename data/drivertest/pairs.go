package drivertest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
	"github.com/manorgo/manor/secret"
)

// What two parts of the package mean together: rows that are marked as deleted
// and everything that reads, numbers and slugs, secrets and savepoints.

// A shelf holds volumes and has labels, each of which may be marked as deleted.
// A reading is of a volume.
type (
	shelf struct {
		data.Identified[shelf]
		Name string `json:"name" db:"name"`

		Volumes []volume
		Labels  []label
		N       int
	}
	volume struct {
		data.Versioned[volume]
		data.SoftDeleted
		Shelf data.ID[shelf]    `json:"shelf" db:"shelf_id,references=shelves,ondelete=cascade"`
		Name  string            `json:"name" db:"name,unique"`
		Key   *secret.Text      `json:"key" db:"key"`
		Code  *data.OneTimeCode `json:"-" db:"code"`
	}
	label struct {
		data.Numbered[label]
		data.SoftDeleted
		data.Slugged
		Name string `json:"name" db:"name"`
		Rank int    `json:"rank" db:"rank"`
	}
	shelfLabel struct {
		Shelf data.ID[shelf]     `json:"shelf" db:"shelf_id,references=shelves,ondelete=cascade"`
		Label data.Serial[label] `json:"label" db:"label_id,references=labels,ondelete=cascade"`
	}
	reading struct {
		data.Identified[reading]
		Volume data.ID[volume] `json:"volume" db:"volume_id,references=volumes"`

		Of *volume
	}
)

var (
	shelves     = data.NewTable[shelf]("shelves")
	volumes     = data.NewTable[volume]("volumes")
	labels      = data.NewTable[label]("labels", data.SlugFrom("name"))
	shelfLabels = data.NewTable[shelfLabel]("shelf_labels", data.UniqueOn("shelf_id", "label_id"))
	readings    = data.NewTable[reading]("readings")

	shelfName    = data.TextCol(shelves, "name")
	volumeName   = data.TextCol(volumes, "name")
	volumeShelf  = data.Col[data.ID[shelf]](volumes, "shelf_id")
	volumeCode   = data.CodeCol(volumes, "code", data.CodeRules{})
	labelName    = data.TextCol(labels, "name")
	labelSlug    = data.TextCol(labels, "slug")
	linkShelf    = data.Col[data.ID[shelf]](shelfLabels, "shelf_id")
	linkLabel    = data.Col[data.Serial[label]](shelfLabels, "label_id")
	readVolume   = data.Col[data.ID[volume]](readings, "volume_id")
	shelfVolumes = data.HasMany(shelves, volumes, volumeShelf, func(s *shelf) *[]volume { return &s.Volumes })
	shelfTags    = data.ManyToMany(shelves, labels, shelfLabels, linkShelf, linkLabel, func(s *shelf) *[]label { return &s.Labels })
	readingOf    = data.BelongsTo(readings, volumes, readVolume, func(r *reading) **volume { return &r.Of })
)

// A storeroom is a shelf "full" with two volumes and two labels, of which the
// first of each are marked as deleted, and a shelf "bare" with one that is marked.
type storeroom struct {
	db         *data.DB
	full, bare shelf
	volumes    []volume // of full, gone first, and of bare
	labels     []label
	read       []reading // of each volume
}

func (s suite) storeroom() *storeroom {
	s.Helper()
	r := &storeroom{db: s.db(shelves.Schema(), volumes.Schema(), labels.Schema(), shelfLabels.Schema(), readings.Schema())}
	r.db.SetKeys(keyring(s, 1))
	r.full.Name, r.bare.Name = "full", "bare"
	s.ok(shelves.On(r.db).Add(s.ctx, &r.full))
	s.ok(shelves.On(r.db).Add(s.ctx, &r.bare))
	r.volumes = []volume{
		{Shelf: r.full.ID, Name: "gone", Key: pText("one")}, {Shelf: r.full.ID, Name: "kept", Key: pText("two")}, {Shelf: r.bare.ID, Name: "gone too"},
	}
	s.ok(volumes.On(r.db).AddAll(s.ctx, r.volumes))
	r.labels = []label{{Name: "Gone"}, {Name: "Kept"}}
	s.ok(labels.On(r.db).AddAll(s.ctx, r.labels))
	_, err := shelfTags.Add(s.ctx, r.db, r.full.ID, r.labels[0].ID, r.labels[1].ID)
	s.ok(err)
	for _, v := range r.volumes {
		r.read = append(r.read, reading{Volume: v.ID})
	}
	s.ok(readings.On(r.db).AddAll(s.ctx, r.read))
	n, err := volumes.On(r.db).DeleteWhere(s.ctx, volumeName.HasPrefix("gone"))
	s.ok(err)
	s.same("marked", n, 2)
	s.ok(labels.On(r.db).Delete(s.ctx, r.labels[0].ID))
	return r
}

// shelvesWhere returns the names of the shelves that f picks.
func (r *storeroom) shelvesWhere(s suite, f data.Filter[shelf]) string {
	s.Helper()
	page, err := shelves.On(r.db).List(s.ctx, data.Query[shelf]{Where: f, Order: data.By(shelfName.Asc())})
	s.ok(err)
	var out []string
	for _, v := range page.Items {
		out = append(out, v.Name)
	}
	return strings.Join(out, " ")
}

var pairTests = []test{
	{"soft delete and relations", func(s suite) {
		r := s.storeroom()
		number := func(v *shelf) *int { return &v.N }
		load := func(loads ...data.Load[shelf]) (full, bare shelf) {
			page, err := shelves.On(r.db).List(s.ctx, data.Query[shelf]{Order: data.By(shelfName.Asc()), Load: loads})
			s.ok(err)
			return page.Items[1], page.Items[0]
		}
		full, bare := load(shelfVolumes, shelfTags)
		s.same("loaded", []int{len(full.Volumes), len(bare.Volumes), len(full.Labels)}, []int{1, 0, 1})
		s.same("which", []string{full.Volumes[0].Name, full.Volumes[0].Key.Reveal(), full.Labels[0].Name}, []string{"kept", "two", "Kept"})
		full, _ = load(shelfVolumes.Limit(1))
		s.same("the first that is there", full.Volumes[0].Name, "kept")
		full, bare = load(shelfVolumes.Count(number))
		s.same("volumes", []int{full.N, bare.N}, []int{1, 0})
		full, _ = load(shelfTags.Count(number))
		s.same("labels", full.N, 1)

		got, err := readings.On(r.db).With(readingOf).GetAll(s.ctx, r.read[0].ID, r.read[1].ID)
		s.ok(err)
		s.ok(readings.On(r.db).Load(s.ctx, got, readingOf))
		if got[0].Of != nil || got[1].Of == nil || got[1].Of.Name != "kept" {
			s.Errorf("readings are of %v and %v", got[0].Of, got[1].Of)
		}
		for _, x := range []struct {
			what string
			f    data.Filter[shelf]
			want string
		}{
			{"some", shelfVolumes.Some(), "full"},
			{"some that is gone", shelfVolumes.Some(volumeName.HasPrefix("gone")), ""},
			{"none", shelfVolumes.None(), "bare"},
			{"every", shelfVolumes.Every(volumeName.Eq("kept")), "bare full"},
			{"linked", shelfTags.Some(labelName.Eq("Kept")), "full"},
			{"linked with what is gone", shelfTags.Some(labelName.Eq("Gone")), ""},
			{"not linked with what is gone", shelfTags.None(labelName.Eq("Gone")), "bare full"},
		} {
			s.same(x.what, r.shelvesWhere(s, x.f), x.want)
		}
		n, err := readings.On(r.db).Count(s.ctx, readingOf.Where())
		s.ok(err)
		s.same("readings of what is there", n, 1)
		n, err = readings.On(r.db).Count(s.ctx, readingOf.None())
		s.ok(err)
		s.same("readings of what is gone", n, 2)

		back, err := volumes.On(r.db).Restore(s.ctx, volumeName.Eq("gone too"))
		s.ok(err)
		s.same("restored", back, 1)
		s.same("again", r.shelvesWhere(s, shelfVolumes.Some()), "bare full")
		s.is(volumes.On(r.db).Delete(s.ctx, r.volumes[0].ID), fault.NotFound)
		s.is(shelves.On(r.db).Delete(s.ctx, r.full.ID), fault.Conflict) // its volume that is gone is still referred to
	}},
	{"soft delete and estimated totals", func(s suite) {
		db := s.db(memos.Schema())
		rows := newMemos(50)
		s.ok(memos.On(db).AddAll(s.ctx, rows))
		_, err := memos.On(db).DeleteWhere(s.ctx, memoRank.Lt(30))
		s.ok(err)
		for what, c := range map[string]struct {
			r    data.Repository[memo]
			want int
		}{"alive": {memos.On(db), 20}, "deleted": {memos.On(db).OnlyDeleted(), 30}, "all": {memos.On(db).WithDeleted(), 50}} {
			page, err := c.r.List(s.ctx, data.Query[memo]{Count: true, Estimate: true, Limit: 60})
			s.ok(err)
			s.same(what, []any{page.Total, page.Estimated, len(page.Items)}, []any{c.want, false, c.want})
		}
		s.ok(memos.On(db).AddAll(s.ctx, manyMemos(data.EstimateAbove*3/2)))
		_, err = memos.On(db).DeleteWhere(s.ctx, memoRank.Ge(10_000+data.EstimateAbove/2)) // two thirds of these
		s.ok(err)
		s.exec(db, "ANALYZE")
		page, err := memos.On(db).List(s.ctx, data.Query[memo]{Count: true, Estimate: true})
		s.ok(err)
		if want := data.EstimateAbove/2 + 20; page.Total < want*9/10 || page.Total > want*11/10 {
			s.Errorf("%d memos are alive by estimate, want about %d", page.Total, want)
		}
	}},
	{"soft delete and one-time codes", func(s suite) {
		r := s.storeroom()
		kept := r.volumes[1].ID
		_, err := volumeCode.Issue(s.ctx, r.db, r.volumes[0].ID, time.Minute)
		s.is(err, fault.NotFound)
		code, err := volumeCode.Issue(s.ctx, r.db, kept, time.Minute)
		s.ok(err)
		s.ok(volumes.On(r.db).Delete(s.ctx, kept))
		_, err = volumeCode.Redeem(s.ctx, r.db, kept, code)
		s.refused(err, "CODE_EXPIRED")
		_, err = volumes.On(r.db).Restore(s.ctx, volumeName.Eq("kept"))
		s.ok(err)
		got, err := volumeCode.Redeem(s.ctx, r.db, kept, code)
		s.ok(err)
		s.same("redeemed", got.Name, "kept")
		s.same("failed attempts", got.Code.Attempts, 0)
	}},
	{"soft delete and upserts", func(s suite) {
		r := s.storeroom()
		for _, id := range []data.ID[volume]{{}, {9}, r.volumes[0].ID} { // each way the statement is made
			again := volume{Shelf: r.bare.ID, Name: "gone", Key: pText("overwritten")}
			again.ID = id
			_, err := volumes.On(r.db).Upsert(s.ctx, &again, "name")
			s.is(err, fault.Conflict)
		}
		again := r.volumes[0]
		_, err := volumes.On(r.db).Upsert(s.ctx, &again) // by the primary key
		s.is(err, fault.Conflict)
		got, err := volumes.On(r.db).OnlyDeleted().Get(s.ctx, r.volumes[0].ID)
		s.ok(err)
		s.same("as it was", []any{got.Key.Reveal(), got.Shelf, got.Deleted()}, []any{"one", r.full.ID, true})
		again = volume{Shelf: r.bare.ID, Name: "gone", Key: pText("new")}
		created, err := volumes.On(r.db).WithDeleted().Upsert(s.ctx, &again, "name")
		s.ok(err)
		got, err = volumes.On(r.db).Get(s.ctx, r.volumes[0].ID)
		s.ok(err)
		s.same("back", []any{created, got.Key.Reveal(), got.Number}, []any{false, "new", data.Version(4)}) // one step for the columns, one for the secret
	}},
	{"slugs and numbers", func(s suite) {
		db := s.db(labels.Schema())
		first := label{Name: "Same"}
		s.ok(labels.On(db).Add(s.ctx, &first))
		many := make([]label, 300)
		for i := range many {
			many[i] = label{Name: "Same", Rank: i}
		}
		s.ok(labels.On(db).AddAll(s.ctx, many))
		slugs, ids := map[string]bool{first.Slug: true}, map[data.Serial[label]]bool{first.ID: true}
		for _, v := range many {
			slugs[v.Slug], ids[v.ID] = true, true
			got, err := labels.On(db).GetBy(s.ctx, labelSlug.Eq(v.Slug))
			s.ok(err)
			s.same("the row of a slug", []any{got.ID, got.Rank}, []any{v.ID, v.Rank})
		}
		s.same("slugs and numbers", []any{len(slugs), len(ids), first.Slug}, []any{301, 301, "same"})
		failed := []label{{Name: "Fresh"}, {Name: "x", Slugged: data.Slugged{Slug: "same"}}}
		s.is(labels.On(db).AddAll(s.ctx, failed), fault.Conflict)
		s.same("as they were", []any{failed[0].ID, failed[0].Slug}, []any{data.Serial[label](0), ""})
		s.all(20, func(int) error { return labels.On(db).Add(s.ctx, &label{Name: "At once"}) })
		n, err := labels.On(db).Count(s.ctx, labelSlug.HasPrefix("at-once"))
		s.ok(err)
		s.same("at once", n, 20)
	}},
	{"slugs and soft delete", func(s suite) {
		db := s.db(labels.Schema())
		r, v := labels.On(db), label{Name: "Lamp"}
		s.ok(r.Add(s.ctx, &v))
		s.ok(r.Delete(s.ctx, v.ID))
		next := label{Name: "Lamp"}
		s.ok(r.Add(s.ctx, &next)) // a slug is an address: that of a deleted row leads nowhere else
		if next.Slug == "lamp" || !strings.HasPrefix(next.Slug, "lamp-") {
			s.Errorf("the next slug is %q", next.Slug)
		}
		chosen := label{Name: "x", Slugged: data.Slugged{Slug: "lamp"}}
		s.is(r.Add(s.ctx, &chosen), fault.Conflict)
		_, err := r.GetBy(s.ctx, labelSlug.Eq("lamp"))
		s.is(err, fault.NotFound)
		_, err = r.Restore(s.ctx, labelSlug.Eq("lamp"))
		s.ok(err)
		got, err := r.GetBy(s.ctx, labelSlug.Eq("lamp"))
		s.ok(err)
		s.same("back", got.ID, v.ID)
		s.ok(r.Delete(s.ctx, v.ID))
		_, err = r.Purge(s.ctx, data.Everything[label]())
		s.ok(err)
		s.ok(r.Add(s.ctx, &chosen))
	}},
	{"secrets and savepoints", func(s suite) {
		db := linkDB(s)
		v := link{Name: "a", Token: text("first"), PIN: pText("1")}
		s.ok(links.On(db).Add(s.ctx, &v))
		mood := errors.New("mood")
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error {
			_, err := links.On(tx).Update(s.ctx, v.ID, linkToken.Set(text("second")))
			s.ok(err)
			err = tx.Nested(s.ctx, func(tx *data.Tx) error {
				_, err := links.On(tx).Update(s.ctx, v.ID, linkToken.Set(text("undone")), linkPIN.SetNull())
				s.ok(err)
				up := link{Name: "a", Token: text("undone 2")}
				_, err = links.On(tx).Upsert(s.ctx, &up, "name")
				s.ok(err)
				s.ok(links.On(tx).Add(s.ctx, &link{Name: "b", Token: text("undone 3")}))
				return mood
			})
			if !errors.Is(err, mood) {
				s.Errorf("nested: %v", err)
			}
			inside, err := links.On(tx).Get(s.ctx, v.ID)
			s.ok(err)
			s.same("in the transaction", shown(inside), "a second 1 0")
			return nil
		}))
		s.stored(db, v.ID, "a second 1 0")
		count(s, db, links, 1)
	}},
	{"secrets and streams", func(s suite) {
		db := linkDB(s)
		rows := make([]link, 700) // more than are read at once
		for i := range rows {
			rows[i] = link{Name: fmt.Sprintf("%04d", i), Token: text(fmt.Sprint("t", i)), Rank: i}
		}
		s.ok(links.On(db).AddAll(s.ctx, rows))
		read := func(h data.Handle) {
			n := 0
			for v, err := range links.On(h).Each(s.ctx, data.Query[link]{Order: data.By(linkName.Asc())}) {
				s.ok(err)
				if v.Token.Reveal() != fmt.Sprint("t", n) {
					s.Fatalf("row %d holds %q", n, v.Token.Reveal())
				}
				n++
			}
			s.same("streamed", n, 700)
		}
		read(db)
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error { read(tx); return nil }))
		s.ok(db.Read(s.ctx, func(r *data.Reads) error { read(r); return nil }))
		strange := data.New(db.Driver(), nil)
		strange.SetKeys(keyring(s, 9))
		for _, err := range links.On(strange).Each(s.ctx, data.Query[link]{}) {
			s.is(err, fault.Internal)
			break
		}
	}},
	{"scopes and locks, streams, deletes", func(s suite) {
		db := s.db(memos.Schema())
		rows := newMemos(40)
		s.ok(memos.On(db).AddAll(s.ctx, rows))
		_, err := memos.On(db).DeleteWhere(s.ctx, memoRank.In(1, 3))
		s.ok(err)
		s.ok(db.Tx(s.ctx, func(tx *data.Tx) error { // marks and a scope hold beside a lock
			r := memos.On(tx).Where(memoRank.Lt(10))
			for _, rank := range []int{1, 12} {
				_, err := r.Lock(s.ctx, memoRank.Eq(rank))
				s.is(err, fault.NotFound)
			}
			page, err := r.Locking(data.Locking{SkipLocked: true}).List(s.ctx, data.Query[memo]{Limit: -1, Count: true})
			s.ok(err)
			s.same("locked", []int{len(page.Items), page.Total}, []int{8, 8})
			n := 0
			for v, err := range r.Locking(data.Locking{}).Each(s.ctx, data.Query[memo]{}) {
				s.ok(err)
				if v.Rank >= 10 || v.Deleted() {
					s.Errorf("a row out of scope: %d", v.Rank)
				}
				n++
			}
			s.same("locked one by one", n, 8)
			gone, err := r.DeleteReturning(s.ctx, data.Any(memoRank.Ge(5), memoRank.Eq(1)))
			s.ok(err)
			s.same("deleted", len(gone), 5)
			up := rows[20]
			up.Rank = 3
			_, err = r.Upsert(s.ctx, &up)
			s.is(err, fault.Conflict)
			return nil
		}))
		count(s, db, memos, 40-2-5)
	}},
	{"lists and trees", func(s suite) {
		db := s.db(items.Schema())
		s.ok(items.On(db).AddAll(s.ctx, newItems(3)))
		for _, f := range []data.Filter[item]{itemTags.Has("a"), itemTags.HasAny("a"), data.Not(itemTags.HasAll("a", "b"))} {
			tree, err := json.Marshal(f)
			if err == nil { // then it means the same when it is read
				again, err := items.ParseFilter(tree)
				s.ok(err)
				want, err := items.On(db).Count(s.ctx, f)
				s.ok(err)
				n, err := items.On(db).Count(s.ctx, again)
				s.ok(err)
				s.same(string(tree), n, want)
			}
		}
		for _, tree := range []string{
			`{"type":"comparison","field":"tags","op":"eq","value":"a"}`, `{"type":"collection","field":"tags","values":["a"]}`,
			`{"type":"search","field":"tags","value":"a"}`, `{"type":"order_by","field":"tags"}`,
		} {
			if _, err := items.ParseQuery([]byte(tree)); fault.KindOf(err) != fault.Malformed && fault.KindOf(err) != fault.Invalid {
				s.Errorf("%s: %v", tree, err)
			}
		}
	}},
}

func manyMemos(n int) []memo {
	out := newMemos(n)
	for i := range out {
		out[i].Title, out[i].Rank = fmt.Sprint("many ", i), 10_000+i
	}
	return out
}
