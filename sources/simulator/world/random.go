package world

import (
	"math"
	"math/rand/v2"

	"adtop/kpi"
)

// hash derives a key of its own for each name under a seed.
func hash(seed uint64, name string) uint64 {
	h := mix(seed ^ 0xcbf29ce484222325)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 0x100000001b3
	}
	return mix(h)
}

// mix is the finaliser of SplitMix64: neighbouring inputs give unrelated outputs.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Purposes keep the streams of random numbers of one campaign apart.
const (
	purposeShape uint64 = iota + 1
	purposeDay
	purposeShock
	purposeView
)

// stream returns the random numbers of one purpose and day of a key.
func stream(key, purpose uint64, d kpi.Date) *rand.Rand {
	return rand.New(rand.NewPCG(key, mix(purpose<<32|uint64(uint32(d)))))
}

// lognormal draws a factor with mean 1 and the given sigma of its logarithm.
func lognormal(r *rand.Rand, sigma float64) float64 {
	return math.Exp(sigma*r.NormFloat64() - sigma*sigma/2)
}

// logUniform draws between from and to, each octave being as likely as the next.
func logUniform(r *rand.Rand, from, to float64) float64 {
	return from * math.Pow(to/from, r.Float64())
}

// poisson draws a count with the given mean. Large means are drawn in parts,
// because exp(-mean) would vanish.
func poisson(r *rand.Rand, mean float64) int {
	const part = 30
	n := 0
	for ; mean > part; mean -= part {
		n += poisson(r, part)
	}
	for p := r.Float64(); p > math.Exp(-mean); p *= r.Float64() {
		n++
	}
	return n
}
