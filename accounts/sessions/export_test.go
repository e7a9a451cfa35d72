package sessions

import (
	"context"
)

// WriteSeen writes out what was seen.
func (s *Service) WriteSeen(ctx context.Context) error { return s.writeSeen(ctx) }

// Run works in the background.
func (s *Service) Run(ctx context.Context) error { return s.run(ctx) }

// SweepNow does what the schedule does.
func (s *Service) SweepNow(ctx context.Context) error { return s.sweep(ctx, Sweep{}) }
