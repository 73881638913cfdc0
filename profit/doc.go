// Package profit decides when a channel loses money.
//
// Spend is known at once; conversions arrive late and are booked on the click
// or on the order. A Detector follows one channel: it learns how late its
// conversions come (maturity), how they vary by hour, weekday and day, and what
// an order is worth. From these it computes how many conversions would be due
// by now if the channel broke even, and a forward filter over a ladder of
// possible levels turns due and seen conversions into P(unprofitable), a
// probability that can be printed as it is. Judge puts it into a word and a
// sentence. Detector.Campaign follows a campaign by what its channel has learnt;
// Thresholds turns the false alarms that a user accepts into a threshold of P.
//
// How good all this is can be measured, on simulated channels whose truth is
// known:
//
//	go test -bench Detector ./profit             against other rules and an oracle
//	go test -run 'Gates|Unusual|PIs|Cells' -grid ./profit  the gates at full size
//	go generate ./profit                         the table behind Thresholds
//
// The package is pure: it does no I/O and never reads the clock. A Detector is
// driven by observations in the order in which they were made, so that live
// operation, the replay at start and a backtest run the same code. It is not
// safe for concurrent use.
package profit
