package nhsnumber

import "sync"

// lazy is a table that its first use makes, so that a program that imports the
// package and does not need the table pays nothing at start.
type lazy[T any] struct {
	once  sync.Once
	value T
}

// get returns the table, which build makes once.
func (l *lazy[T]) get(build func() T) T {
	l.once.Do(func() { l.value = build() })
	return l.value
}
