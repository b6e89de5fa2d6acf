/** Real brokers and databases as child processes, on class paths of their own: one shared by a test run, or one's own to break. */
package io.forelog.rig.backend;
