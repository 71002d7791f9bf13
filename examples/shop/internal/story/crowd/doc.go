// Package crowd is the act about overload: four times the usual crowd stands before the
// shop windows, which ask the inventory for more than its database can answer. Those who
// order are served in time all along; what the windows fetch ahead is refused, and of what
// they show as much as there is no room for. Then the crowd recedes, and everything is
// answered again.
package crowd
