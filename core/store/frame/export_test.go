package frame

// Seal gives b, which starts with room for it, a right header.
func Seal(b []byte, kind byte, index int64) []byte { return seal(b, 0, kind, index) }
