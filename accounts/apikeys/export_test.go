package apikeys

import "context"

// WriteSeen writes out when keys were last used.
func (s *Service) WriteSeen(ctx context.Context) error { return s.writeSeen(ctx) }
