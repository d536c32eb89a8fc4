package store

// Kept is how many keys the store knows of, deleted ones included.
func (s *Store) Kept() int { return len(s.keys) }
