package sessions_test

import (
	"testing"
	"time"

	"github.com/manorgo/manor/accounts/internal/accountstest"
	"github.com/manorgo/manor/accounts/sessions"
	"github.com/manorgo/manor/data"
	"github.com/manorgo/manor/fault"
)

func TestConfigBounds(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		config sessions.Config
		ok     bool
	}{
		"nothing":             {sessions.Config{}, true},
		"short life alone":    {sessions.Config{Life: time.Hour, RememberLife: 2 * time.Hour}, true},
		"as short as can be":  {sessions.Config{Idle: 5 * time.Minute, Life: 5 * time.Minute, AccessLife: time.Minute}, true},
		"as long as can be":   {sessions.Config{Idle: 90 * 24 * time.Hour, Life: 400 * 24 * time.Hour, AccessLife: time.Hour}, true},
		"jwt":                 {sessions.Config{AccessTokens: sessions.JWT}, true},
		"too short":           {sessions.Config{Life: 5*time.Minute - 1}, false},
		"too long":            {sessions.Config{RememberLife: 400*24*time.Hour + 1}, false},
		"too idle":            {sessions.Config{Idle: 90*24*time.Hour + 1, Life: 400 * 24 * time.Hour}, false},
		"idle beyond life":    {sessions.Config{Idle: 25 * time.Hour}, false},
		"remembered the same": {sessions.Config{RememberIdle: 31 * 24 * time.Hour}, false},
		"negative":            {sessions.Config{Idle: -time.Hour}, false},
		"long access":         {sessions.Config{AccessLife: time.Hour + 1}, false},
		"short access":        {sessions.Config{AccessLife: time.Second}, false},
		"another form":        {sessions.Config{AccessTokens: "paseto"}, false},
	} {
		if err := c.config.Check(); (err == nil) != c.ok || err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// What is configured is what sessions have.
func TestConfigCounts(t *testing.T) {
	accountstest.Each(t, func(t *testing.T, h *accountstest.Harness) {
		ada, now := h.Person("ada"), h.Env.DB.Now()
		s := sessions.NewService(h.Env, sessions.Config{
			AccessLife: time.Minute, Idle: time.Hour, Life: 2 * time.Hour, RememberIdle: 3 * time.Hour, RememberLife: 4 * time.Hour,
		})
		for _, c := range []struct {
			kind       sessions.Kind
			remember   bool
			idle, life time.Duration
		}{
			{sessions.Cookie, false, time.Hour, 2 * time.Hour}, {sessions.Cookie, true, 3 * time.Hour, 4 * time.Hour}, {sessions.Token, false, 3 * time.Hour, 4 * time.Hour},
		} {
			h.Must(h.Env.DB.Tx(t.Context(), func(tx *data.Tx) error {
				i, err := s.Open(t.Context(), tx, sessions.Opening{User: &ada, Kind: c.kind, Remember: c.remember})
				if row := i.Session; row.IdleExpiresAt != now.Add(c.idle) || row.ExpiresAt != now.Add(c.life) {
					t.Errorf("%s, remember %v: idle until %v, lives until %v", c.kind, c.remember, row.IdleExpiresAt, row.ExpiresAt)
				}
				if c.kind == sessions.Token && i.ExpiresIn != time.Minute {
					t.Errorf("an access token lives for %v", i.ExpiresIn)
				}
				return err
			}))
		}
	})
}
