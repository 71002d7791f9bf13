// Package store keeps the data of the five backends in one embedded database
// file: users, their metric series, alerts and activity, products, and which
// products to recommend to whom. The file is made and filled with the same
// sample data on first use, and left as it is from then on.
package store
