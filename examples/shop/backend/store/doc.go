// Package store keeps the data behind a page in one embedded database file: users,
// their metric series, alerts and activity, products, which of them to recommend to
// whom, and which of them who has looked at. The file is made and filled with the
// same sample data on first use, and left as it is from then on.
package store
