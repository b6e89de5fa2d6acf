/** The service as a child process against faults: kill -9, sick targets, full and corrupt disks, reloads, overload. */
package io.forelog.fault;
