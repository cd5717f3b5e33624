"""Speed beside other libraries: `python -m experiments bench`.

corpus (a large text out of what is installed), jobs (what is timed), peers/ (each library's way to
do each job), one_round (one job of one library, in a process of its own), preparing (the files that
a run needs), measure (all rounds, compared with the oracle), table, plot and page (what is
shown), first_use (whole processes, cold and warm), command (the command line).
"""
