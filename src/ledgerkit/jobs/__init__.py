"""Jobs: what a scheduler, a worker, a webhook or a person starts, told as steps.

A job is an `async def` that awaits steps and nothing else; `drivers` perform it. Rules live in
the domain: a job reads, asks the domain to decide, commits, and reports.
"""
