package kubectl

// Incomplete tells whether text wants another line: an open quote or
// here-document, or a backslash at its end.
func Incomplete(text string) bool { return incomplete(text) }
