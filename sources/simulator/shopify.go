package simulator

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"adtop/sources/simulator/world"
)

const maxFirst = 250

// shopify answers the Admin API. A version that is not supported is silently
// served by one that is, which a header tells.
func (s *Simulator) shopify(c *call) answer {
	if !strings.HasPrefix(c.path, "/admin/api/") || !strings.HasSuffix(c.path, "/graphql.json") || c.r.Method != http.MethodPost {
		return jsonAnswer(http.StatusNotFound, []byte(`{"errors":"Not Found"}`))
	}
	if !equalSecret(c.r.Header.Get("X-Shopify-Access-Token"), ShopifyToken) {
		return shopifyUnauthorized()
	}
	var request struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	decoder := json.NewDecoder(bytes.NewReader(c.body))
	decoder.UseNumber()
	if err := decoder.Decode(&request); err != nil {
		return jsonAnswer(http.StatusBadRequest, []byte(`{"errors":{"query":"Required parameter missing or invalid"}}`))
	}
	a := s.graphQL(c, request.Query, request.Variables)
	a.header.Set("X-Shopify-Api-Version", ShopifyVersion)
	return a
}

func shopifyUnauthorized() answer {
	return jsonAnswer(http.StatusUnauthorized, []byte(`{"errors":"[API] Invalid API key or access token (unrecognized login or wrong password)"}`))
}

// shopifyFailure answers a fault in Shopify's form.
func (*Simulator) shopifyFailure(c *call) answer {
	switch c.fault.Kind {
	case Throttle:
		// What is lacking comes back within the wait.
		body := fmt.Sprintf(`{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED","documentation":"https://shopify.dev/api/usage/rate-limits"}}],`+
			`"extensions":{"cost":{"requestedQueryCost":118,"actualQueryCost":null,"throttleStatus":{"maximumAvailable":2000,"currentlyAvailable":18,"restoreRate":%s}}}}`,
			strconv.FormatFloat(100/max(c.fault.Wait.Seconds(), 1), 'f', -1, 64))
		return jsonAnswer(http.StatusOK, []byte(body))
	case Outage:
		return jsonAnswer(http.StatusServiceUnavailable, []byte(`{"errors":"Service Unavailable"}`))
	case ExpiredToken, RevokedToken:
		return shopifyUnauthorized()
	case Denied:
		return jsonAnswer(http.StatusOK, []byte(`{"data":{"shop":{"name":"partial"},"orders":null},"errors":[{"message":"Access denied for orders field. Required access: read_orders access scope.","locations":[{"line":1,"column":3}],"path":["orders"],"extensions":{"code":"ACCESS_DENIED"}}]}`))
	case TooMuch:
		return jsonAnswer(http.StatusOK, []byte(`{"errors":[{"message":"Query cost is 1180, which exceeds the single query max cost limit (1000).","extensions":{"code":"MAX_COST_EXCEEDED","cost":1180,"maxCost":1000}}]}`))
	}
	return jsonAnswer(http.StatusOK, []byte(`{"data":{"shop":7,"orders":7}}`))
}

func shopifyRefused(query string, err error) answer {
	refused := &graphError{}
	if !errors.As(err, &refused) {
		refused.message = err.Error()
	}
	line := 1 + strings.Count(query[:refused.at], "\n")
	column := refused.at - strings.LastIndexByte(query[:refused.at], '\n')
	entry := map[string]any{"message": refused.message, "locations": []map[string]int{{"line": line, "column": column}}}
	if refused.code != "" {
		entry["extensions"] = map[string]string{"code": refused.code}
	}
	body, err := json.Marshal(map[string]any{"errors": []any{entry}})
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return jsonAnswer(http.StatusOK, body)
}

func (s *Simulator) graphQL(c *call, query string, variables map[string]any) answer {
	fields, err := parseGraphQL(query, variables)
	if err != nil {
		return shopifyRefused(query, err)
	}
	root := object{typename: "QueryRoot"}
	requested, actual := 1, 1
	for _, f := range fields {
		switch f.name {
		case "shop":
			root["shop"] = shopObject(s.world.Spec().Shop)
		case "orders":
			if err := checkOrders(f, s.world.Spec().Shop); err != nil {
				return shopifyRefused(query, err)
			}
			page, first, err := s.orderPage(c, f)
			if err != nil {
				return shopifyRefused(query, err)
			}
			root["orders"] = page
			requested, actual = 18+first, 4+len(page["nodes"].([]object))/10
		}
	}
	data, err := appendSelection(nil, fields, root)
	if err != nil {
		return shopifyRefused(query, err)
	}
	const available, rate = 2000, 100
	return jsonAnswer(http.StatusOK, fmt.Appendf(nil,
		`{"data":%s,"extensions":{"cost":{"requestedQueryCost":%d,"actualQueryCost":%d,"throttleStatus":{"maximumAvailable":%d,"currentlyAvailable":%d,"restoreRate":%d}}}}`,
		data, requested, actual, available, available-actual, rate))
}

// checkOrders refuses fields that an order does not have, whatever is found.
func checkOrders(f graphField, shop world.Shop) error {
	sample := connection([]object{orderObject(sampleOrder, shop)}, []string{""}, false)
	_, err := appendSelection(nil, f.fields, sample)
	return err
}

// orderKey is where an order stands in the sort.
type orderKey struct {
	At time.Time `json:"last_value"`
	ID int64     `json:"last_id"`
}

func (k orderKey) compare(other orderKey) int {
	return cmp.Or(k.At.Compare(other.At), cmp.Compare(k.ID, other.ID))
}

func (k orderKey) cursor() string {
	text, err := json.Marshal(k)
	if err != nil {
		panic(err) // years of orders have four digits
	}
	return base64.StdEncoding.EncodeToString(text)
}

// orderPage runs the orders query; first is how many were asked for.
func (s *Simulator) orderPage(c *call, f graphField) (page object, first int, err error) {
	refuse := func(code, message string) (object, int, error) {
		return nil, 0, &graphError{f.at, code, message}
	}
	for name := range f.args {
		if !slices.Contains([]string{"first", "after", "query", "sortKey", "reverse"}, name) {
			return refuse("argumentNotAccepted", "Field 'orders' doesn't accept argument '"+name+"'")
		}
	}
	number, _ := f.args["first"].(json.Number)
	asked, err := strconv.Atoi(number.String())
	if err != nil || asked < 1 || asked > maxFirst {
		return refuse("BAD_REQUEST", "first must be between 1 and "+strconv.Itoa(maxFirst))
	}
	search, _ := f.args["query"].(string)
	shop := s.world.Spec().Shop
	filter, err := parseOrderFilter(search, shop.Zone)
	if err != nil {
		return refuse("BAD_REQUEST", err.Error())
	}
	key, err := sortKey(f.args["sortKey"])
	if err != nil {
		return refuse("argumentLiteralsIncompatible", err.Error())
	}
	reverse, _ := f.args["reverse"].(bool)
	var last *orderKey
	if after, _ := f.args["after"].(string); after != "" {
		parsed, err := parseCursor(after)
		if err != nil {
			return refuse("BAD_REQUEST", "Invalid cursor for current pagination sort.")
		}
		last = &parsed
	}
	wanted := min(asked, s.PageSize)
	var orders []world.Order
	if f.args["sortKey"] != nil && fmt.Sprint(f.args["sortKey"]) == "UPDATED_AT" && !reverse {
		orders = s.nextUpdated(filter, c.now, last, wanted+1)
	} else {
		orders = s.orders(filter, c.now)
	}
	slices.SortFunc(orders, func(a, b world.Order) int {
		if reverse {
			a, b = b, a
		}
		return key(a).compare(key(b))
	})
	if last != nil {
		orders = slices.DeleteFunc(orders, func(o world.Order) bool {
			place := key(o).compare(*last)
			return place == 0 || (place < 0) != reverse
		})
	}
	n := min(wanted, len(orders))
	nodes, cursors := make([]object, n), make([]string, n)
	for i, o := range orders[:n] {
		nodes[i], cursors[i] = orderObject(o, shop), key(o).cursor()
	}
	return connection(nodes, cursors, n < len(orders)), asked, nil
}

func parseCursor(text string) (orderKey, error) {
	var k orderKey
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(decoded, &k)
	}
	return k, err
}

// orders finds what passes the filter by whichever span is narrower.
func (s *Simulator) orders(f orderFilter, now time.Time) []world.Order {
	if f.created.isOpen() && !f.updated.isOpen() {
		return s.world.OrdersUpdated(f.updated.from, f.updated.to, now)
	}
	return slices.DeleteFunc(s.world.Orders(f.created.from, f.created.to, now), func(o world.Order) bool {
		return !f.updated.contains(o.Updated)
	})
}

// nextUpdated finds at least n orders that pass the filter and come after last
// in the order of their changes, or all there are: a page costs what it holds,
// however many orders pass.
func (s *Simulator) nextUpdated(f orderFilter, now time.Time, last *orderKey, n int) (found []world.Order) {
	from := f.updated.from
	for _, bound := range []time.Time{f.created.from, s.world.Spec().Epoch} { // nothing changes before it was created
		if bound.After(from) {
			from = bound
		}
	}
	if last != nil && last.At.After(from) {
		from = last.At
	}
	for step := 6 * time.Hour; len(found) < n && !from.After(now); step *= 2 {
		to := from.Add(step)
		for _, o := range s.world.OrdersUpdated(from, to, now) {
			if f.updated.contains(o.Updated) && f.created.contains(o.Created) && (last == nil || (orderKey{o.Updated, o.ID}).compare(*last) > 0) {
				found = append(found, o)
			}
		}
		from = to
	}
	return found
}

func sortKey(arg any) (func(world.Order) orderKey, error) {
	name := fmt.Sprint(arg)
	switch name {
	case "UPDATED_AT":
		return func(o world.Order) orderKey { return orderKey{o.Updated, o.ID} }, nil
	case "CREATED_AT", "PROCESSED_AT", "<nil>":
		return func(o world.Order) orderKey { return orderKey{o.Created, o.ID} }, nil
	}
	return nil, &graphError{message: "Argument 'sortKey' on Field 'orders' has an invalid value (" + name + ")."}
}

func connection(nodes []object, cursors []string, more bool) object {
	edges := make([]object, len(nodes))
	for i := range nodes {
		edges[i] = object{typename: "OrderEdge", "cursor": cursors[i], "node": nodes[i]}
	}
	info := object{typename: "PageInfo", "hasNextPage": more, "endCursor": nil}
	if len(cursors) > 0 {
		info["endCursor"] = cursors[len(cursors)-1]
	}
	return object{typename: "OrderConnection", "nodes": nodes, "edges": edges, "pageInfo": info}
}

// appendSelection writes the selected fields of an object in their order.
func appendSelection(b []byte, fields []graphField, o object) ([]byte, error) {
	b = append(b, '{')
	for i, f := range fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendValue(b, f.key, true), ':')
		value, exists := o[f.name]
		if f.name == "__typename" {
			value, exists = o[typename], true
		}
		if !exists || f.name == typename {
			return nil, &graphError{f.at, "undefinedField", fmt.Sprintf("Field '%s' doesn't exist on type '%s'", f.name, o[typename])}
		}
		var err error
		if b, err = appendGraph(b, f, value); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func appendGraph(b []byte, f graphField, value any) ([]byte, error) {
	switch v := value.(type) {
	case object:
		if f.fields == nil {
			return nil, &graphError{f.at, "selectionMismatch", fmt.Sprintf("Field must have selections (field '%s' returns %s but has no selections.)", f.name, v[typename])}
		}
		return appendSelection(b, f.fields, v)
	case []object:
		b = append(b, '[')
		for i, element := range v {
			if i > 0 {
				b = append(b, ',')
			}
			var err error
			if b, err = appendGraph(b, f, element); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	case nil:
		return append(b, "null"...), nil
	}
	if f.fields != nil {
		return nil, &graphError{f.at, "selectionMismatch", fmt.Sprintf("Selections can't be made on scalars (field '%s')", f.name)}
	}
	if text, isText := value.(string); isText {
		return appendValue(b, text, true), nil
	}
	return fmt.Append(b, value), nil
}
