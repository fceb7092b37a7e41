{% args notes %}
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Notes</title>
<link rel="stylesheet" href="/static/notes.css">
</head>
<body>
<h1>Notes</h1>
<form id="add" method="post" action="/">
<input name="text" maxlength="2000" required autofocus>
<button>Add</button>
</form>
<ul id="notes">
{% for id, text in notes %}
<li data-id="{{id}}"><span>{{text}}</span> <a href="/note/{{id}}">edit</a> <button>Delete</button></li>
{% endfor %}
</ul>
<script src="/static/notes.js"></script>
</body>
</html>
