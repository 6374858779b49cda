package query

import (
	"math"
	"math/bits"
	"slices"
)

// Shape is one of the ways to find a page of a list. All give the same answer.
type Shape string

// The shapes.
const (
	ShapeStart  Shape = "start"  // find all visible rows by scope, then sort
	ShapeMerge  Shape = "merge"  // take the first few of each scope key from indexes in the default order
	ShapeWalk   Shape = "walk"   // walk a window of the index of the order, and check who may see what
	ShapeFilter Shape = "filter" // find the rows by an index of the filter, check and sort
	ShapeAll    Shape = "all"    // walk the index of the order to the end
)

// Prices in index entries read.
const (
	priceRow    = 15  // of reading a row of the table
	priceKey    = 60  // of one scope key in a merge
	priceEntry  = 1.2 // of an entry found by a filter
	priceFilter = 800 // of starting with a filter
	slackFactor = 4   // a window is so many times as wide as it has to be
	slackMore   = 500 // and so much wider
)

// choice is the plan of a list.
type choice struct {
	first  Shape
	window int   // entries of a walk, a power of two
	then   Shape // what finds the page when the window was too small
}

// choose takes the cheapest shape, and the cheapest without a window as the second.
func choose(e estimates, s sorting, small, filtered bool, n int) choice {
	if small {
		return choice{first: ShapeStart}
	}
	price := prices(e, s, filtered, float64(n))
	order := []Shape{ShapeStart, ShapeMerge, ShapeFilter, ShapeAll}
	then := slices.MinFunc(order, func(a, b Shape) int { return compare(price[a], price[b]) })
	if price[ShapeWalk] >= price[then] {
		return choice{first: then}
	}
	entries := float64(n) * e.live / (e.visible * e.share)
	return choice{ShapeWalk, window(slackFactor*entries + slackMore), then}
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// window rounds up to a power of two, so that statements repeat.
func window(entries float64) int {
	const widest = 1 << 24
	if entries >= widest {
		return widest
	}
	return 1 << bits.Len(uint(max(entries, 1))-1)
}

// prices of all shapes; what does not exist for the list has no finite price.
func prices(e estimates, s sorting, filtered bool, n float64) map[Shape]float64 {
	p := map[Shape]float64{
		ShapeStart: priceRow * e.visible, ShapeMerge: math.Inf(1), ShapeWalk: math.Inf(1), ShapeFilter: math.Inf(1), ShapeAll: math.Inf(1),
	}
	if s.byChange() && e.keys > 0 {
		if !filtered && e.shares == 0 {
			p[ShapeStart] = e.visible
		}
		p[ShapeMerge] = priceOfMerge(e, filtered, n)
	}
	if s.walk != nil {
		p[ShapeWalk], p[ShapeAll] = priceOfWalks(e, s, filtered, n)
	}
	if e.filter.index != nil {
		p[ShapeFilter] = priceOfFilter(e, s, n)
	}
	return p
}

func priceOfMerge(e estimates, filtered bool, n float64) float64 {
	if filtered {
		return priceRow*e.keys*n/e.share + priceRow*e.shares
	}
	return priceKey*e.keys + priceRow*e.shares
}

// priceOfWalks gives the price of a walk with a window and, where the index is in the order, of one to the end. Rows are read to test the
// filter, to order those of one value, and to know who may see them where the index does not tell.
func priceOfWalks(e estimates, s sorting, filtered bool, n float64) (windowed, whole float64) {
	windowed, whole = n*e.live/(e.visible*e.share), e.live
	unclear := !s.walk.carries() && e.keys+e.shares > 0
	if unclear {
		whole *= priceRow
	}
	if filtered {
		windowed += priceRow * n / e.share
		whole += priceRow * e.visible
	}
	if unclear || !s.exact {
		windowed *= priceRow
	}
	if !s.exact {
		whole = math.Inf(1)
	}
	return windowed, whole
}

// priceOfFilter gives the price of finding rows by the index of the filter. Those that the viewer may see are read for the value they are
// sorted by: the index has it only in the default order.
func priceOfFilter(e estimates, s sorting, n float64) float64 {
	f := e.filter
	price := priceEntry*f.share*e.live + priceFilter
	if !s.byChange() || !f.grouped {
		price += priceRow * f.share * min(e.visible, e.live)
	}
	if f.grouped && s.byChange() {
		rest := min(e.share/max(f.share, 1/e.live), 1)
		price = min(price, priceEntry*n*e.live/(e.visible*rest))
	}
	return price
}
