package nhsnumber

// suffixCounts[k][r] is how many k-digit endings of the first nine digits
// have a weighted sum of r modulo 11. It ranks and unranks the numbers of a
// range without listing them.
type suffixCounts [10][11]uint32

var lazySuffixes lazy[*suffixCounts]

func suffixes() *suffixCounts { return lazySuffixes.get(countSuffixes) }

func countSuffixes() *suffixCounts {
	var c suffixCounts
	c[0][0] = 1
	for k := 1; k < 10; k++ {
		weight := k + 1 // of the first digit of the ending
		for r, n := range c[k-1] {
			for d := range 10 {
				c[k][(r+d*weight)%11] += n
			}
		}
	}
	return &c
}

// noCheckDigit is the weighted sum, modulo 11, of nine digits whose check
// digit would be 10.
const noCheckDigit = 1

// numbersBelow returns how many numbers have first nine digits below nine,
// which may be up to 10^9.
func numbersBelow(nine uint32) uint32 {
	c := suffixes()
	if nine >= 1_000_000_000 {
		return 1_000_000_000 - c[9][noCheckDigit]
	}
	count, sum := uint32(0), 0
	power := uint32(100_000_000)
	for k := 8; k >= 0; k-- { // k digits follow this one
		digit, weight := int(nine/power%10), k+2
		for d := range digit {
			count += power - c[k][residue(noCheckDigit-sum-d*weight)]
		}
		sum += digit * weight
		power /= 10
	}
	return count
}

// numberAt returns the number of which rank others are smaller. The rank must
// be below numbersBelow(10^9).
func numberAt(rank uint32) Number {
	c := suffixes()
	nine, sum := uint32(0), 0
	power := uint32(100_000_000)
	for k := 8; k >= 0; k-- {
		weight := k + 2
		for d := range 10 {
			n := power - c[k][residue(noCheckDigit-sum-d*weight)]
			if rank < n {
				nine = nine*10 + uint32(d)
				sum += d * weight
				break
			}
			rank -= n
		}
		power /= 10
	}
	n, _ := fromNine(nine)
	return n
}

// residue is the non-negative remainder modulo 11.
func residue(n int) int { return (n%11 + 11) % 11 }
