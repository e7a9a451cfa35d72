package apikeys_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/manorgo/manor/accounts/apikeys"
	"github.com/manorgo/manor/accounts/apikeys/storetest"
	"github.com/manorgo/manor/accounts/internal/accountstest"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/data/driver"
	"github.com/manorgo/manor/secret"
)

func TestStore(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		ann, bob := h.Person("ann"), h.Person("bob")
		storetest.Run(t, func(t *testing.T) storetest.Setup {
			_, err := h.Env.DB.Driver().Exec(t.Context(), driver.Call{Statement: &driver.Statement{SQL: `DELETE FROM api_keys`}})
			h.Must(err)
			return storetest.Setup{
				Store: apikeys.NewStore(h.Env.DB), Ann: ann.ID.String(), Bob: bob.ID.String(),
				NotAUser: "01890000-0000-7000-8000-000000000000", Now: func() time.Time { return h.Clock.Now() },
				Reseal: func(k apikeys.Key, sealed []byte) []byte { return reseal(t, h, k, sealed) },
			}
		})
	})
}

// reseal encrypts the secret of a signing key once more, as package data does.
func reseal(t *testing.T, h *accountstest.Harness, k apikeys.Key, sealed []byte) []byte {
	t.Helper()
	const column = "api_keys.signing_secret"
	row, err := data.ParseID[apikeys.APIKey](k.ID)
	h.Must(err)
	bound := append(append(binary.BigEndian.AppendUint32(nil, uint32(len(column))), column+"u"...), row[:]...)
	c := h.Env.Keys.Cipher(secret.LabelColumn, column)
	plain, err := c.Open(sealed, bound)
	h.Must(err)
	return c.Seal(plain, bound)
}
