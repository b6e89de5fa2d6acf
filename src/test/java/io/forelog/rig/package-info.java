/** Test rigs: the real service as a child process, a scripted receiver, a fault proxy, a load writer that keeps books. */
package io.forelog.rig;
