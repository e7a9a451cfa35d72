package manor

import (
	"errors"

	"github.com/manorgo/manor/domain"
)

// Domains returns the domains that New would put together, the built-in ones
// first, without looking at their revisions: for tools that mend these where
// New refuses them. It needs of the Config what New needs.
func Domains(c Config) ([]domain.Domain, error) {
	if c.DB == nil || c.Keys == nil {
		return nil, errors.New("manor: Config needs DB and Keys")
	}
	c.complete()
	if err := c.checkDatabases(); err != nil {
		return nil, err
	}
	a := &App{config: c}
	if err := a.lend(); err != nil {
		return nil, err
	}
	if err := a.build(); err != nil {
		return nil, err
	}
	return a.domains, nil
}
