package store

import (
	"cmp"
	"slices"
)

// stamped is a value that was in force from at on.
type stamped[T comparable] struct {
	at    instant
	value T
}

// before returns how many versions of history were observed before at.
func before[T comparable](history []stamped[T], at instant) int {
	i, _ := slices.BinarySearchFunc(history, at, func(s stamped[T], at instant) int { return cmp.Compare(s.at, at) })
	return i
}

// asOf returns the version in force at an instant.
func asOf[T comparable](history []stamped[T], at instant) (stamped[T], bool) {
	if i := before(history, at+1); i > 0 {
		return history[i-1], true
	}
	return stamped[T]{}, false
}

// observe returns a history with value seen at an instant, perhaps a past one.
// A value that was in force already adds nothing; of two at the same instant
// the later call wins. confirmed is when the source was next asked, 0 for
// never: from then on the answer stays what it was, because that poll saw no
// reason to change it. absent, when not nil, is what that poll had shown by
// leaving out a value that was not in force yet.
func observe[T comparable](history []stamped[T], at instant, value T, confirmed instant, absent *T) []stamped[T] {
	old, known := asOf(history, at)
	if known && old.value == value {
		return history
	}
	i := before(history, at)
	next := slices.Clone(history[:i])
	if i == 0 || history[i-1].value != value {
		next = append(next, stamped[T]{at, value})
	}
	if i < len(history) && history[i].at == at {
		i++
	}
	if !known && absent != nil {
		old.value, known = *absent, true
	}
	restore := known && old.value != value && confirmed != 0
	if restore && (i == len(history) || history[i].at > confirmed) {
		next = append(next, stamped[T]{confirmed, old.value})
	}
	return append(next, history[i:]...)
}

// difference returns what must be removed from and put into old to get next.
func difference[T comparable](old, next []stamped[T]) (gone []instant, put []stamped[T]) {
	for _, s := range old {
		if found, ok := asOf(next, s.at); !ok || found.at != s.at {
			gone = append(gone, s.at)
		}
	}
	for _, s := range next {
		if found, ok := asOf(old, s.at); !ok || found != s {
			put = append(put, s)
		}
	}
	return gone, put
}
