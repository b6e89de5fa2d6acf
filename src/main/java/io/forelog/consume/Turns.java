package io.forelog.consume;

/**
 * When the pump runs again: events only note what happened, the work is done in the next turn, so that everything that
 * one moment brings is sent and settled together. Called on the pump's thread; asking twice runs once.
 */
interface Turns {
    /** After what is running now. */
    void soon();
}
