"""A class on one machine: JupyterHub, and a fence around each student.

folder                          the class's folder: who is in it, who may log in, where everything lies
  → limits → fence → spawner    a student's server: in namespaces of its own, under a user of its own
  → exchange                    nbgrader's collect, which believes the file system and not a name
  → serve                       ``labkit classroom serve`` and ``stop``
watchroom → watchservice        the teacher's page on the class at work, in a root of its own
  → watchfiles                  which progress files it reads, and how
single                          the server itself, inside the fence
closing                         who closes a connection, in the hub and in each server
"""
