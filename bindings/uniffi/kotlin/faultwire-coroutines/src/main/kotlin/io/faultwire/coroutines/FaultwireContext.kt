package io.faultwire.coroutines

import io.faultwire.Faultwire
import io.faultwire.OpenScope
import io.faultwire.Scope
import io.faultwire.spi.ScopeContext
import kotlin.coroutines.AbstractCoroutineContextElement
import kotlin.coroutines.CoroutineContext
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CopyableThreadContextElement
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.withContext

/**
 * The scopes that a coroutine runs in, wherever it runs: put in force on a thread when it resumes there, and taken off
 * when it suspends, so that nothing of it is left on threads that others use.
 *
 *     launch(FaultwireContext()) { ... }        // the scopes of whoever launches
 *
 * A child runs in the scopes of the place that launches it: what it says of the isolation scope is said for all of them,
 * as it is for threads. [withFaultwireIsolation] begins a unit of work of its own.
 */
@OptIn(DelicateCoroutinesApi::class, ExperimentalCoroutinesApi::class)
public class FaultwireContext internal constructor(internal val scopes: ScopeContext) :
    AbstractCoroutineContextElement(Key), CopyableThreadContextElement<ScopeContext> {

    /** The scopes of this thread. */
    public constructor() : this(ScopeContext.current())

    override fun updateThreadContext(context: CoroutineContext): ScopeContext = scopes.swap()

    override fun restoreThreadContext(context: CoroutineContext, oldState: ScopeContext): Unit = oldState.restore()

    /**
     * Launched from within a block of the same unit of work that has a scope of its own, as in
     * `Faultwire.withScope { launch { } }`, the child has that, too.
     */
    override fun copyForChild(): FaultwireContext {
        val here = ScopeContext.current()
        return if (here.isolationScope === scopes.isolationScope) FaultwireContext(here) else this
    }

    override fun mergeForChild(overwritingElement: CoroutineContext.Element): CoroutineContext = overwritingElement

    /** Where a coroutine's context has it. */
    public companion object Key : CoroutineContext.Key<FaultwireContext>
}

/** A layer for the block, which may suspend, and for what it launches. */
public suspend fun <T> withFaultwireScope(block: suspend CoroutineScope.(Scope) -> T): T =
    inside(Faultwire.newScope(), block)

/**
 * An isolation scope of its own for one unit of work - a request, a job, a message off a queue - which may suspend, and
 * for what it launches. Nothing of it is left afterwards. It starts from what was there.
 */
public suspend fun <T> withFaultwireIsolation(block: suspend CoroutineScope.(Scope) -> T): T =
    inside(Faultwire.isolationScope(), block)

private suspend fun <T> inside(opened: OpenScope, block: suspend CoroutineScope.(Scope) -> T): T {
    // Only looked at here: a suspended block must not leave it behind on this thread.
    val context = opened.use { FaultwireContext() }
    return withContext(context) { block(opened.scope) }
}
