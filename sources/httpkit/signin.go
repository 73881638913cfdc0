package httpkit

import (
	"encoding/json"
	"strconv"
	"time"

	"golang.org/x/oauth2"
)

// Expires is when nothing comes any more unless somebody signs in again, for
// Receipt.Expires: the end of the refresh token, as the token endpoint said last.
// It is zero while no token was renewed, and where the platform does not say. The
// access token, which is renewed by itself, does not count.
func (c *Client) Expires() time.Time {
	if c.tokens == nil {
		return time.Time{}
	}
	if end := c.tokens.ends.Load(); end != 0 {
		return time.Unix(end, 0).UTC()
	}
	return time.Time{}
}

// noteEnd takes the end of the refresh token from an answer of the token
// endpoint. Every renewal tells it anew, and a process begins with one, so that
// it is not kept. An answer that does not tell leaves the end as it was, unless
// it brought another refresh token.
func (t *tokens) noteEnd(issued *oauth2.Token) {
	left, at := number(issued.Extra("refresh_token_expires_in")), number(issued.Extra("refresh_token_expires_at"))
	switch {
	case left > 0 && t.client.Env.Now != nil:
		end := t.client.Env.Now().Add(time.Duration(min(left, 1e9)) * time.Second).Unix()
		if off := end - t.ends.Load(); off < -60 || off > 60 { // else it is the same, and the answer took a while
			t.ends.Store(end)
		}
	case at > 0:
		t.ends.Store(int64(min(at, 1e11)))
	case issued.RefreshToken != t.refresh:
		t.ends.Store(0)
	}
}

// number reads a number that may come as text; 0 is none.
func number(value any) float64 {
	switch v := value.(type) {
	case float64:
		return v
	case int64:
		return float64(v)
	case json.Number:
		n, _ := v.Float64() // what is no number is none
		return n
	case string:
		n, _ := strconv.ParseFloat(v, 64)
		return n
	}
	return 0
}
