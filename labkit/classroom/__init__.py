"""A class: reports that were handed in become points, tables and feedback.

    flags, rubric, points, owner, roster                pure: what counts, whose a file is, who is in the class
      → handin                                          pure: bytes become a report that holds, or the reason why not
        → book                                          pure: hand-ins become one record a student
          → tables, feedback, classpage, sheet          pure: records become CSV, HTML and XLSX
            → reading, grade                            effects: a folder in, a folder out

A report is data.  Nothing that a student wrote is run, unpacked or followed.

A notebook is code.  It is run in a jail alone, and its checks are made outside of it:

    course                                              the assignments of nbgrader, from the notebooks
    jail → supervise → sandbox → autograde              a place of its own for each submission
    examiner, engineroom, inside, remotedesk            what runs there, each as a user of its own
"""
