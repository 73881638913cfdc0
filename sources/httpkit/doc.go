// Package httpkit is what adapters that speak HTTP share: credentials and their
// refresh, retries, waiting out quotas, bounded answers, errors by kind in
// plain words, exact numbers from JSON, and recordings for tests.
//
// An adapter makes one Client when it is opened and asks everything through
// Client.Do or Client.JSON. Whatever these return is a *sources.Error (or the
// end of the caller's context), with every secret taken out of its text. All
// requests are taken to be reads: they are repeated freely.
//
// Time here is the real clock: timeouts, token expiry and waiting do not
// follow the clock of the data.
package httpkit
