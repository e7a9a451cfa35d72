package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/manorgo/manor/accounts/apikeys"
	"github.com/manorgo/manor/accounts/sessions"
)

// readDuration reads a time such as 90m, 12h or 14d into a part of the config.
func readDuration(part func(*config) *time.Duration) func(*config, string) error {
	return func(c *config, s string) error {
		d, err := time.ParseDuration(s)
		if days, ok := strings.CutSuffix(s, "d"); ok {
			var n int
			n, err = strconv.Atoi(days)
			d = time.Duration(min(n, 10_000)) * 24 * time.Hour
		}
		if err != nil || d <= 0 {
			return fmt.Errorf("must be a time such as 90m, 12h or 14d, not %q", s)
		}
		*part(c) = d
		return nil
	}
}

func readKeysPerUser(c *config, s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return fmt.Errorf("must be a number of at least 1, not %q", s)
	}
	c.apiKeys.PerUser = n
	return nil
}

func readKeyMaxLife(c *config, s string) error {
	if s == "none" {
		c.apiKeys.MaxLife = apikeys.Unlimited
		return nil
	}
	return readDuration(func(c *config) *time.Duration { return &c.apiKeys.MaxLife })(c, s)
}

func readAccessTokens(c *config, s string) error {
	c.sessions.AccessTokens = sessions.Form(s)
	return oneOf(s, string(sessions.Opaque), string(sessions.JWT))
}
