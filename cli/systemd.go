package cli

import (
	"log/slog"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// What a service manager is told, by the protocol of sd_notify(3).
const (
	stateReady    = daemon.SdNotifyReady
	stateStopping = daemon.SdNotifyStopping
	stateAlive    = daemon.SdNotifyWatchdog
)

// reloading is what is told before a reload. The time tells it from the state
// that was ready before.
func reloading() string {
	return daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec()
}

// tell passes a state to the service manager, where there is one that listens.
func tell(log *slog.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		log.Warn("tell the service manager", "state", state, "err", err)
	}
}

// watchdogEvery is how often the service manager wants to hear of us, 0 when it
// does not.
func watchdogEvery(log *slog.Logger) time.Duration {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		log.Warn("the watchdog of the service manager", "err", err)
		return 0
	}
	return every
}
