package customers

import (
	"strings"

	"ashna/kit/codes"
	"ashna/kit/fault"
	"ashna/kit/phone"
	"ashna/kit/text"
)

// channel is the value of a contact point, read.
type channel struct {
	value     string // as it is shown
	normal    string // the form in which equal values are equal
	extension string // of a telephone number, empty when it has none
}

// Kinds of contact points that the rules speak of.
const (
	kindPhone  = "phone"
	kindMobile = "mobile"
	kindEmail  = "email"
)

// readChannel reads a value as its kind asks for. Numbers, addresses and links that cannot be right are refused with the fault of their
// kind; a number without a country code is one of country. The name of somebody in a messenger or network may come with an @ or as a link.
func readChannel(kind, value, country string) (channel, error) {
	switch kind {
	case kindPhone, kindMobile, "fax":
		n, err := phone.Parse(value, country)
		return channel{n.E164, n.E164, n.Extension}, err
	case "whatsapp":
		number := strings.TrimPrefix(profile(value), "send?phone=")
		if number != value && !strings.HasPrefix(number, "+") {
			number = "+" + number // in a link the country code comes first, without its sign
		}
		n, err := phone.Parse(number, country)
		return channel{n.E164, n.E164, n.Extension}, err
	case kindEmail:
		address, err := codes.Email(value)
		return channel{address, codes.EmailKey(address), ""}, err
	case "url":
		address, err := codes.URL(value)
		return channel{address, text.Key(address), ""}, err
	case "other":
		return channel{value, text.Key(value), ""}, nil
	}
	name := strings.TrimPrefix(profile(value), "@")
	if name == "" || strings.ContainsAny(name, " @") {
		return channel{}, fault.New(fault.Invalid, "contact_point.rules.handle")
	}
	return channel{value, text.Key(name), ""}, nil
}

// profile takes what a link to a person in a messenger or network ends with: "https://t.me/reza?x=1" gives "reza". Other texts stay.
func profile(value string) string {
	if !strings.Contains(value, "/") {
		return value
	}
	rest := value
	if _, after, found := strings.Cut(value, "://"); found {
		rest = after
	}
	rest, _, _ = strings.Cut(rest, "#")
	if path, query, found := strings.Cut(rest, "?"); found && !strings.HasSuffix(path, "/send") {
		rest = path
	} else if found {
		rest = path + "?" + query
	}
	rest = strings.TrimRight(rest, "/")
	return rest[strings.LastIndexByte(rest, '/')+1:]
}

// fieldOf is the field of a person or company that shows the main contact point of a kind; empty for kinds that no field shows.
func fieldOf(kind string) string {
	switch kind {
	case kindPhone, kindMobile:
		return "phone"
	case kindEmail:
		return "email"
	}
	return ""
}

// pointOf is the contact point of a value that a field holds. The field has brought the value to its own form already, so that nothing
// has to be checked again.
func pointOf(field, value string) (kind string, c channel) {
	switch {
	case field == "email":
		return kindEmail, channel{value, codes.EmailKey(value), ""}
	case phone.IsMobile(value):
		return kindMobile, channel{value, value, ""}
	}
	return kindPhone, channel{value, value, ""}
}
