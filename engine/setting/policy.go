package setting

import (
	"context"
	"fmt"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/kit/ident"
)

// Policy loads users, teams, roles and who has which. The tables are absent only before the first start.
func Policy(ctx context.Context, q db.Querier, columns map[string][]string, version int64) (*access.Policy, error) {
	data := access.Data{Teams: map[ident.ID]ident.ID{}}
	if columns["assignments"] == nil {
		return access.NewPolicy(version, data), nil
	}
	roles := map[ident.ID][]ident.ID{}
	err := db.Each(ctx, q, "SELECT member, role FROM assignments WHERE deleted = 0 ORDER BY id", nil, func(r db.Row) error {
		roles[ident.ID(r.Int(0))] = append(roles[ident.ID(r.Int(0))], ident.ID(r.Int(1)))
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = db.Each(ctx, q, "SELECT id, name, email, active, team, branch, calendar, zone, week_start FROM users WHERE deleted = 0", nil, func(r db.Row) error {
		id := ident.ID(r.Int(0))
		data.People = append(data.People, access.Person{
			ID: id, Name: r.Text(1), Email: r.Text(2), Active: r.Int(3) == 1, Team: ident.ID(r.Int(4)), Branch: ident.ID(r.Int(5)), Roles: roles[id],
			Habits: access.Habits{Calendar: r.Text(6), Zone: r.Text(7), WeekStart: r.Text(8)},
		})
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = db.Each(ctx, q, "SELECT id, parent FROM teams WHERE deleted = 0", nil, func(r db.Row) error {
		data.Teams[ident.ID(r.Int(0))] = ident.ID(r.Int(1))
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = db.Each(ctx, q, "SELECT id, code, rights FROM roles WHERE deleted = 0", nil, func(r db.Row) error {
		rights, err := access.ParseRights(r.Text(2))
		if err != nil {
			return fmt.Errorf("read role %s: %w", r.Text(1), err)
		}
		data.Roles = append(data.Roles, access.RoleData{ID: ident.ID(r.Int(0)), Code: r.Text(1), Rights: rights})
		return nil
	})
	return access.NewPolicy(version, data), err
}
