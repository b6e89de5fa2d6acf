/** The PostgreSQL that nodes share: connections and the schema. Who uses which table is told where the table is used. */
@NullMarked
package io.forelog.database;

import org.jspecify.annotations.NullMarked;
