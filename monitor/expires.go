package monitor

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"adtop/snapshot"
)

func expiresKey(source string) string { return "expires/" + source }

// keepExpires notes when the access of a source ends, for viewers and for the
// next start.
func (m *Monitor) keepExpires(ctx context.Context, source string, at time.Time) error {
	text := ""
	if !at.IsZero() {
		text = strconv.FormatInt(at.Unix(), 10)
	}
	kept, err := m.o.Store.Setting(ctx, expiresKey(source))
	if err != nil || kept == text {
		return err
	}
	return m.o.Store.PutSetting(ctx, expiresKey(source), text)
}

// expires fills in when the access of a source ends, as it is known now: a past
// moment has none.
func (b *builder) expires(ctx context.Context, view snapshot.View, src *snapshot.Source) error {
	if !view.AsOf.IsZero() {
		return nil
	}
	kept, err := b.o.Store.Setting(ctx, expiresKey(src.Name))
	if err != nil || kept == "" {
		return err
	}
	seconds, err := strconv.ParseInt(kept, 10, 64)
	if err != nil {
		return fmt.Errorf("end of the access of %s: %w", src.Name, err)
	}
	src.Expires = time.Unix(seconds, 0).UTC()
	return nil
}
